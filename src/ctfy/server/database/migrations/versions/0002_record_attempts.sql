-- Records a batch of graded answers; one row back for each, by its position.
--
-- Everything about one team and challenge happens one after the other. Locks are taken in one
-- order by everybody (team and challenge first, then the challenge's counter), so that batches of
-- several replicas cannot wait for one another in a circle.
CREATE FUNCTION ctfy_record_attempts(attempts jsonb)
RETURNS TABLE (
  "position" int, verdict text, missing jsonb, wrong int, solved_before boolean, rank int
) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  attempt jsonb;
  key text;
  cap int;
  solved text[];
  counted int;
  whole boolean;
  place int;
  owner record;
  moved text[] := '{}';
BEGIN
  FOR key IN
    SELECT DISTINCT (a->>'team_id') || '|' || (a->>'challenge_id')
    FROM jsonb_array_elements(attempts) a ORDER BY 1
  LOOP
    PERFORM pg_advisory_xact_lock(hashtextextended(key, 0));
  END LOOP;

  FOR attempt IN
    SELECT a FROM jsonb_array_elements(attempts) a
    ORDER BY a->>'competition_id', a->>'challenge_id', (a->>'position')::int
  LOOP
    "position" := (attempt->>'position')::int;
    cap := (attempt->>'cap')::int;
    whole := false;
    SELECT coalesce(array_agg(s.question_id), '{}') INTO solved FROM solves s
      WHERE s.team_id = attempt->>'team_id' AND s.challenge_id = attempt->>'challenge_id';
    solved_before := (attempt->>'question_id') = ANY (solved);
    missing := (SELECT coalesce(jsonb_agg(r), '[]') FROM jsonb_array_elements_text(
      attempt->'requires') r WHERE NOT r = ANY (solved));
    wrong := 0;
    rank := 0;
    IF jsonb_array_length(missing) > 0 THEN
      verdict := 'locked';
      RETURN NEXT;
      CONTINUE;
    END IF;
    IF cap IS NOT NULL THEN
      SELECT q.wrong INTO counted FROM question_attempts q
        WHERE q.team_id = attempt->>'team_id' AND q.challenge_id = attempt->>'challenge_id'
          AND q.question_id = attempt->>'question_id';
      wrong := coalesce(counted, 0);
      IF wrong >= cap AND NOT solved_before THEN
        verdict := 'capped';
        RETURN NEXT;
        CONTINUE;
      END IF;
      IF NOT (attempt->>'correct')::boolean AND NOT solved_before THEN
        wrong := wrong + 1;
        INSERT INTO question_attempts AS q (team_id, challenge_id, question_id, wrong)
          VALUES (attempt->>'team_id', attempt->>'challenge_id', attempt->>'question_id', wrong)
          ON CONFLICT (team_id, challenge_id, question_id) DO UPDATE SET wrong = excluded.wrong;
      END IF;
    END IF;
    verdict := 'graded';
    IF (attempt->>'scores')::boolean THEN
      INSERT INTO submissions (id, competition_id, team_id, user_id, challenge_id, question_id,
          instance_id, answer, correct, solve_time_s, submitted_at)
        VALUES (attempt->>'id', attempt->>'competition_id', attempt->>'team_id',
          attempt->>'user_id', attempt->>'challenge_id', attempt->>'question_id',
          attempt->>'instance_id', attempt->>'answer', (attempt->>'correct')::boolean,
          (attempt->>'solve_time_s')::float, (attempt->>'submitted_at')::timestamptz);
      IF (attempt->>'correct')::boolean AND NOT solved_before THEN
        INSERT INTO solves (team_id, challenge_id, question_id, competition_id, user_id,
            submission_id, solved_at)
          VALUES (attempt->>'team_id', attempt->>'challenge_id', attempt->>'question_id',
            attempt->>'competition_id', attempt->>'user_id', attempt->>'id',
            (attempt->>'submitted_at')::timestamptz);
        solved := solved || (attempt->>'question_id');
        IF (attempt->>'public')::boolean AND NOT (attempt->>'competition_id') = ANY (moved) THEN
          moved := moved || (attempt->>'competition_id');
        END IF;
        whole := NOT EXISTS (SELECT FROM jsonb_array_elements_text(attempt->'questions') q
          WHERE NOT q = ANY (solved));
        IF whole THEN
          UPDATE competition_challenges c SET solves = c.solves + 1
            WHERE c.competition_id = attempt->>'competition_id'
              AND c.challenge_id = attempt->>'challenge_id'
            RETURNING c.solves INTO place;
          INSERT INTO challenge_solves (team_id, challenge_id, competition_id, rank, solved_at)
            VALUES (attempt->>'team_id', attempt->>'challenge_id', attempt->>'competition_id',
              place, (attempt->>'submitted_at')::timestamptz);
        END IF;
      END IF;
      IF NOT ((attempt->>'correct')::boolean AND solved_before) THEN
        INSERT INTO events (name, audience, team_id, actor_id, payload, created_at)
          VALUES (
            CASE WHEN NOT (attempt->>'correct')::boolean THEN 'flag_wrong'
                 WHEN whole THEN 'flag_correct' ELSE 'flag_part_correct' END,
            'team', attempt->>'team_id', attempt->>'user_id',
            (attempt->'payload')
              || CASE WHEN whole THEN jsonb_build_object('solve_rank', place) ELSE '{}' END
              || CASE WHEN cap IS NULL THEN '{}'
                 ELSE jsonb_build_object('attempts_remaining', greatest(cap - wrong, 0)) END,
            (attempt->>'submitted_at')::timestamptz);
      END IF;
    END IF;
    -- An answer that another team's instance holds.
    IF attempt->>'digest' IS NOT NULL AND NOT (attempt->>'correct')::boolean THEN
      SELECT d.team_id, d.instance_id INTO owner FROM answer_digests d
        WHERE d.digest = attempt->>'digest' AND d.team_id <> attempt->>'team_id';
      IF FOUND THEN
        INSERT INTO incidents (id, kind, competition_id, team_id, user_id, challenge_id,
            question_id, submission_id, other_team_id, other_instance_id, created_at)
          VALUES (replace(gen_random_uuid()::text, '-', ''), 'shared_answer',
            attempt->>'competition_id', attempt->>'team_id', attempt->>'user_id',
            attempt->>'challenge_id', attempt->>'question_id',
            CASE WHEN (attempt->>'scores')::boolean THEN attempt->>'id' END,
            owner.team_id, owner.instance_id, (attempt->>'submitted_at')::timestamptz);
      END IF;
    END IF;
    SELECT c.rank INTO place FROM challenge_solves c
      WHERE c.team_id = attempt->>'team_id' AND c.challenge_id = attempt->>'challenge_id';
    rank := coalesce(place, 0);
    RETURN NEXT;
  END LOOP;

  -- One for all that a batch changed in a public competition.
  INSERT INTO events (name, audience, payload, created_at)
    SELECT 'scoreboard_updated', 'everybody', jsonb_build_object('team_id', '', 'team_name', '',
      'challenge_id', '', 'competition_id', m), clock_timestamp() FROM unnest(moved) m;
END $$;
