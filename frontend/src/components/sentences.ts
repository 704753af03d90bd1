import type { Activity } from "../api/client";
import type { EventName } from "../api/events";
import type { Message } from "../i18n";

type Sentence = Message | ((activity: Activity) => Message);

/**
 * What each event says, as a sentence: `{who}` did it, `{whom}` it concerns, and `{team}`,
 * `{challenge}`, `{competition}` and fields of its detail by their names.
 */
export const SENTENCES: Record<EventName, Sentence> = {
  account_created: "{who} made an account for {whom}",
  account_edited: "{who} changed the account of {whom}",
  account_password_set: "{who} set the password of {whom}",
  account_reinstated: "{who} let {whom} in again",
  account_role_changed: "{who} changed the role of {whom} from {previous_role} to {new_role}",
  account_suspended: "{who} suspended {whom}",
  account_totp_reset: "{who} turned off the two-factor sign-in of {whom}",
  achievement_revoked: "{who} took the achievement {achievement_id} from {team}",
  achievement_unlocked: "{team} earned the achievement {achievement_name}",
  admin_shell_recording_viewed: "{who} watched the recording of a shell in {container}",
  admin_shell_session_closed: "The shell in {container} was closed",
  admin_shell_session_opened: "{who} opened a shell in {container}",
  admin_shell_session_requested: "{who} asked for a shell in {container}",
  announcement_created: "{who} announced “{title}”",
  announcement_deleted: "{who} deleted the announcement “{title}”",
  announcement_updated: "{who} changed the announcement “{title}”",
  answers_corrected: "{who} changed what {whom} answered at registration",
  award_given: ({ detail }) =>
    (detail.points ?? 0) < 0
      ? "{who} took points from {team}: {points}"
      : "{who} gave {team} points: {points}",
  award_revoked: "{who} took back what {team} was given: {points}",
  branding_image_changed: "{who} changed an image of the platform’s look",
  challenge_completed: "{challenge} counts as solved for {team}",
  challenge_reset: ({ detail }) =>
    detail.action === "undone"
      ? "{who} gave back what the reset of {challenge} took"
      : "{who} reset {challenge}: {reason}",
  challenge_version_set: ({ detail }) =>
    detail.version === 0
      ? "{who} took {challenge} off the platform"
      : "{who} made version {version} of {challenge} current",
  competition_admin_changed: ({ detail }) =>
    detail.action === "revoke"
      ? "{whom} runs {competition} no longer, says {who}"
      : "{who} let {whom} run {competition}",
  competition_created: "{who} made the competition {competition}",
  competition_deleted: "{who} deleted the competition {competition}",
  competition_exported: "{who} took {competition} as a file",
  competition_extended: "{who} put off the end of {competition}",
  competition_invite_changed: "An invitation of {whom} to {competition} has changed",
  competition_paused: "{who} stopped the clock of {competition}",
  competition_registered: "{team} takes part in {competition}",
  competition_resumed: "{who} let the clock of {competition} go on",
  competition_unregistered: "{team} takes part in {competition} no longer",
  competition_updated: "{who} changed {competition}",
  custom_field_changed: ({ detail }) =>
    detail.action === "delete"
      ? "{who} deleted the field {field_name}, with its answers: {answers}"
      : "{who} changed what is asked at registration: {field_name}",
  flag_correct: "{who} solved {challenge} for {team}",
  flag_part_correct: "{who} answered a question of {challenge} right for {team}: {question_id}",
  flag_wrong: "{who} answered a question of {challenge} wrong for {team}: {question_id}",
  hint_unlocked: "{who} unlocked a hint of {challenge} for {team}, at a cost of {cost}",
  identity_linked: "{who} signs in with {provider}, too",
  image_deleted: "{who} deleted the image {image_name}",
  image_uploaded: "{who} uploaded the image {image_name}",
  incident_reported: "There is an incident: {summary}",
  incident_updated: "{who} changed an incident",
  instance_error: "The instance of {challenge} of {team} failed",
  instance_ready: "The instance of {challenge} of {team} is ready",
  instance_renewed: "{who} gave the instance of {challenge} of {team} more time",
  instance_started: "{who} started {challenge} for {team}",
  instance_stop_requested: "{who} stopped the instance of {challenge} of {team}",
  instance_stopped: "The instance of {challenge} of {team} has ended",
  node_invite_created: "{who} made a token for a node to register with",
  node_invite_revoked: "{who} revoked a token for a node",
  node_recovered: "The node {display_name} is back",
  node_registered: "The node {display_name} joined",
  node_removed: "{who} removed the node {display_name}",
  node_unhealthy: "The node {display_name} has fallen silent",
  node_updated: "{who} changed the node {display_name}",
  notification_channel_created: "{who} made the channel {channel_name}",
  notification_channel_deleted: "{who} deleted the channel {channel_name}",
  notification_channel_updated: "{who} changed the channel {channel_name}",
  people_imported: "{who} made accounts from a file: {created}",
  platform_setting_changed: "{who} changed the setting {setting_key}",
  question_attempt_reset: "{who} gave {team} its attempts at {question_id} of {challenge} back",
  reaction_added: "{who} said something of {challenge}",
  scheduled_job_changed: "{who} changed the scheduled job {job_name}",
  scoreboard_updated: "The standings of {competition} changed",
  sign_in_link_made: "{who} made a link with which {whom} signs in",
  site_page_created: "{who} wrote the page “{title}”",
  site_page_deleted: "{who} deleted the page “{title}”",
  site_page_updated: "{who} changed the page “{title}”",
  submission_ruled: ({ detail }) =>
    detail.correct
      ? "{who} has an answer of {team} to {challenge} count as right"
      : "{who} has an answer of {team} to {challenge} count as wrong",
  task_cancelled: "The task {task_kind} was cancelled",
  task_failed: "The task {task_kind} failed",
  task_submitted: "{who} started the task {task_kind}",
  task_succeeded: "The task {task_kind} is done",
  team_deleted: "{who} dissolved the team {team}",
  team_member_joined: "{whom} joined {team}",
  team_member_kicked: "{who} removed {whom} from {team}",
  team_member_left: "{whom} left {team}",
  team_profile_updated: "{who} changed the team {team}",
  team_registered: "{team} entered {competition}",
  team_role_changed: "{whom} is captain of {team} now",
  team_standing_changed: ({ detail }) =>
    detail.standing === "ranked"
      ? "{who} ranks {team} again"
      : detail.standing === "disqualified"
        ? "{who} disqualified {team}"
        : "{who} hid {team} from the standings",
  writeup_handed_in: "{who} handed in the write-up of {team} on {challenge}",
  writeup_judged: "{who} judged the write-up of {team} on {challenge}",
  writeup_published: "{who} published the write-up of {team} on {challenge}, or took it back",
};
