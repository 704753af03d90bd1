// Written by tools/events.py from the events that the server declares.

/** What every event has; empty where it does not apply. */
interface Common {
  team_id: string;
  team_name: string;
  challenge_id: string;
}

/** The events by name, with what each has besides. */
export interface Events {
  /** An operator made an account for somebody. */
  account_created: {
    user_id: string;
    target_user_id: string;
    target_user_name: string;
    role: string;
  };
  /** An operator changed somebody's name or address. */
  account_edited: {
    user_id: string;
    target_user_id: string;
    target_user_name: string;
    fields: string[];
  };
  /** An operator set somebody's password. */
  account_password_set: { user_id: string; target_user_id: string; target_user_name: string };
  /** Somebody may come in again. */
  account_reinstated: { user_id: string; target_user_id: string; target_user_name: string };
  /** Somebody has another role. */
  account_role_changed: {
    user_id: string;
    target_user_id: string;
    target_user_name: string;
    previous_role: string;
    new_role: string;
  };
  /** Somebody is shut out. */
  account_suspended: {
    user_id: string;
    target_user_id: string;
    target_user_name: string;
    reason: string;
  };
  /** An operator turned off somebody's two-factor sign-in. */
  account_totp_reset: { user_id: string; target_user_id: string; target_user_name: string };
  /** An operator took an achievement back. */
  achievement_revoked: { achievement_id: string };
  /** A team got an achievement. A secret one is for the team alone. */
  achievement_unlocked: {
    competition_id: string;
    achievement_id: string;
    achievement_name: string;
    tier: string;
    secret: boolean;
  };
  /** Somebody looked at a recording. */
  admin_shell_recording_viewed: {
    session_id: string;
    instance_id: string;
    node_id: string;
    container: string;
  };
  /** A shell ended. Duration in seconds, traffic in bytes; absent when it was never opened. */
  admin_shell_session_closed: {
    session_id: string;
    instance_id: string;
    node_id: string;
    container: string;
    reason: string;
    duration_s?: number;
    bytes_in?: number;
    bytes_out?: number;
    recording_path?: string;
  };
  /** A shell is connected. */
  admin_shell_session_opened: {
    session_id: string;
    instance_id: string;
    node_id: string;
    container: string;
  };
  /** Somebody asked for a shell. */
  admin_shell_session_requested: {
    session_id: string;
    instance_id: string;
    node_id: string;
    container: string;
    reason: string;
  };
  /** There is a new one: it is shown from now on, or it was written to be shown later. */
  announcement_created: {
    announcement_id: string;
    title: string;
    severity: string;
    competition_id: string;
    bracket?: string;
  };
  /** It is gone. */
  announcement_deleted: {
    announcement_id: string;
    title: string;
    severity: string;
    competition_id: string;
    bracket?: string;
  };
  /** It says something else, or at another time. */
  announcement_updated: {
    announcement_id: string;
    title: string;
    severity: string;
    competition_id: string;
    bracket?: string;
  };
  /** An operator changed somebody's answers to these fields. */
  answers_corrected: {
    competition_id: string;
    target_user_id: string;
    target_user_name: string;
    field_names: string[];
  };
  /** A team was given points, or some were taken off it. */
  award_given: { competition_id: string; award_id: string; points: number; reason: string };
  /** An award was taken back, or a penalty. */
  award_revoked: { competition_id: string; award_id: string; points: number; reason: string };
  /** There is another logo or favicon, or none; `purpose` says which. */
  branding_image_changed: { purpose: string };
  /** A challenge is solved whole, since the question that was left of it is gone. */
  challenge_completed: { competition_id: string };
  /** A challenge begins anew: solves, attempts and hints of it are taken back. `action`: reset, or undone, which gives them back. */
  challenge_reset: { competition_id: string; action: string; reason: string };
  /** Another version of a challenge is the current one; `version` 0: it was removed. */
  challenge_version_set: { version: number; origin: string };
  /** Somebody runs a competition, or no longer: `action` is grant or revoke. */
  competition_admin_changed: {
    competition_id: string;
    user_id: string;
    target_user_id: string;
    action: string;
  };
  /** There is a new competition: made, cloned, or imported. */
  competition_created: {
    competition_id: string;
    competition_title: string;
    cloned_from?: string;
    action?: string;
  };
  /** A competition is gone with all that was done in it. */
  competition_deleted: { competition_id: string; competition_title: string };
  /** Somebody took a competition as a file. */
  competition_exported: { competition_id: string; competition_title: string };
  /** The end is put off by so many `minutes`, and a freeze to come with it. */
  competition_extended: {
    competition_id: string;
    competition_title: string;
    ends_at_ts?: number;
    minutes: number;
  };
  /** An invite to a competition, or to a team in it, was made, answered or taken back. */
  competition_invite_changed: {
    competition_id: string;
    user_id: string;
    target_user_id?: string;
    action?: string;
    invite_id?: string;
    kind?: string;
    status?: string;
  };
  /** The clock is stopped: nothing starts, and no answer is taken until it goes on. */
  competition_paused: { competition_id: string; competition_title: string; ends_at_ts?: number };
  /** Somebody takes part in a competition. */
  competition_registered: { competition_id: string; user_id: string };
  /** The clock goes on; the end, and a freeze to come, are put off by the pause. */
  competition_resumed: { competition_id: string; competition_title: string; ends_at_ts?: number };
  /** Somebody takes part no longer. */
  competition_unregistered: { competition_id: string; user_id: string };
  /** The fields in `changed` have other values. */
  competition_updated: { competition_id: string; competition_title: string; changed: string[] };
  /** A field was made, changed or deleted: `action`. Without a competition it is the platform's. `answers`: how many went with it. */
  custom_field_changed: {
    competition_id: string;
    field_name: string;
    action: string;
    answers: number;
  };
  /** It was right and solved the challenge, as the `solve_rank`-th team of the competition. The rank is 0 behind a freeze: it would tell of what others solved. */
  flag_correct: {
    competition_id: string;
    instance_id: string;
    question_id: string;
    submission_id: string;
    user_id: string;
    submitted_at_ts: number;
    solve_time_s: number;
    attempts_remaining?: number;
    practice?: boolean;
    solve_rank: number;
  };
  /** It was right, and the challenge has other questions left. */
  flag_part_correct: {
    competition_id: string;
    instance_id: string;
    question_id: string;
    submission_id: string;
    user_id: string;
    submitted_at_ts: number;
    solve_time_s: number;
    attempts_remaining?: number;
    practice?: boolean;
  };
  /** It was wrong. `wrapped`: it looks like a flag that nobody decoded. */
  flag_wrong: {
    competition_id: string;
    instance_id: string;
    question_id: string;
    submission_id: string;
    user_id: string;
    submitted_at_ts: number;
    solve_time_s: number;
    attempts_remaining?: number;
    practice?: boolean;
    wrapped?: boolean;
  };
  /** A team took a hint for `cost` points. */
  hint_unlocked: { competition_id: string; hint_id: string; cost: number };
  /** Somebody can sign in with an account elsewhere. */
  identity_linked: { user_id: string; provider: string };
  /** An image is gone; pages that show it have a gap. */
  image_deleted: { image_id: string; image_name: string };
  /** There is a new image. */
  image_uploaded: { image_id: string; image_name: string };
  /** There is a new one; `summary` is its kind. */
  incident_reported: { incident_id: string; competition_id: string; summary: string };
  /** An operator decided on one. */
  incident_updated: { incident_id: string; competition_id: string };
  /** It did not start, or died. */
  instance_error: {
    instance_id: string;
    competition_id: string;
    node_id: string;
    error: string;
    reason: string;
  };
  /** It can be reached. */
  instance_ready: { instance_id: string; competition_id: string; node_id: string };
  /** It lives `ttl` seconds from now. */
  instance_renewed: { instance_id: string; competition_id: string; node_id: string; ttl: number };
  /** A team asked for an instance. */
  instance_started: { instance_id: string; competition_id: string; node_id: string };
  /** Somebody asked for its end. */
  instance_stop_requested: {
    instance_id: string;
    competition_id: string;
    node_id: string;
    reason: string;
  };
  /** It is gone from its node. */
  instance_stopped: {
    instance_id: string;
    competition_id: string;
    node_id: string;
    reason: string;
  };
  /** A registration token was minted, for `ttl` seconds. */
  node_invite_created: { invite_id: string; ttl: number };
  /** A registration token is useless now. */
  node_invite_revoked: { invite_id: string };
  /** A silent node is back. */
  node_recovered: { node_id: string; display_name: string };
  /** A node joined. */
  node_registered: { node_id: string; display_name: string };
  /** A node is gone, and what ran there has ended. */
  node_removed: { node_id: string; display_name: string };
  /** A node has fallen silent. */
  node_unhealthy: { node_id: string; display_name: string };
  /** A node was renamed, labelled, drained or taken back. */
  node_updated: { node_id: string; display_name: string; labels_changed: string[] };
  /** There is a new one. */
  notification_channel_created: { channel_id: string; channel_name: string };
  /** It is gone. */
  notification_channel_deleted: { channel_id: string; channel_name: string };
  /** The fields in `changed` have other values. */
  notification_channel_updated: { channel_id: string; channel_name: string; changed: string[] };
  /** An operator made many accounts at once. */
  people_imported: { import_id: string; created: number };
  /** A setting has another value; `source` is db, env or default. */
  platform_setting_changed: { setting_key: string; source: string };
  /** An operator forgave a team its wrong answers to a question. */
  question_attempt_reset: { competition_id: string; question_id: string; reason: string };
  /** Somebody said something of a challenge. */
  reaction_added: { user_id: string; reaction: string };
  /** A scheduled job was paused, resumed, or runs at another interval. */
  scheduled_job_changed: { job_name: string };
  /** A competition's standings changed. */
  scoreboard_updated: { competition_id: string };
  /** An operator made a link with which somebody signs in, once. */
  sign_in_link_made: {
    user_id: string;
    target_user_id: string;
    target_user_name: string;
    mailed: boolean;
  };
  /** There is a new page. */
  site_page_created: { page_id: string; slug: string; title: string };
  /** A page is gone. */
  site_page_deleted: { page_id: string; slug: string; title: string };
  /** The fields in `changed` have other values. */
  site_page_updated: { page_id: string; slug: string; title: string; changed: string[] };
  /** A submission counts as right now, or as right no longer. `action`: accepted or struck by who runs the competition, or regraded with a changed answer. */
  submission_ruled: {
    competition_id: string;
    question_id: string;
    submission_id: string;
    user_id: string;
    correct: boolean;
    action: string;
    reason?: string;
  };
  /** A task was stopped. */
  task_cancelled: { task_id: string; task_kind: string; error?: string; summary?: string };
  /** A task did not. */
  task_failed: { task_id: string; task_kind: string; error?: string; summary?: string };
  /** Somebody started a task. */
  task_submitted: { task_id: string; task_kind: string };
  /** A task did what it should. */
  task_succeeded: { task_id: string; task_kind: string; error?: string; summary?: string };
  /** A team without submissions was dissolved. */
  team_deleted: { competition_id: string; user_id: string };
  /** Somebody came to a team. */
  team_member_joined: { competition_id: string; user_id: string };
  /** The captain, or who runs the competition, put somebody off a team. */
  team_member_kicked: { competition_id: string; user_id: string };
  /** Somebody left a team. */
  team_member_left: { competition_id: string; user_id: string };
  /** A team has another name or description. */
  team_profile_updated: { competition_id: string; user_id: string };
  /** A team entered a competition. */
  team_registered: { competition_id: string; user_id: string };
  /** Somebody else is captain. */
  team_role_changed: { competition_id: string; user_id: string; new_role: string };
  /** A team is ranked, hidden or disqualified; `reason` where it is shown. */
  team_standing_changed: {
    competition_id: string;
    user_id: string;
    standing: string;
    reason?: string;
  };
  /** A team handed in a write-up, or another in its place. */
  writeup_handed_in: { competition_id: string; writeup_id: string; format: string };
  /** A judge wrote notes on a write-up, or gave it a mark. */
  writeup_judged: { competition_id: string; writeup_id: string };
  /** A write-up is for everybody to read after the end, or no longer: `published` says which. */
  writeup_published: { competition_id: string; writeup_id: string; published: boolean };
}
export type EventName = keyof Events;
/** An event as the stream tells it; `event` is its name. */
export type LiveEvent<Name extends EventName = EventName> = {
  [Each in Name]: { event: Each } & Common & Events[Each];
}[Name];
