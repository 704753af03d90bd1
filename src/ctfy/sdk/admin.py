"""The client that operators hold."""

from __future__ import annotations

from functools import cached_property

from ctfy.sdk.admin_resources.achievements import AdminAchievementsResource
from ctfy.sdk.admin_resources.announcements import AdminAnnouncementsResource
from ctfy.sdk.admin_resources.awards import AdminAwardsResource
from ctfy.sdk.admin_resources.challenges import AdminChallengesResource
from ctfy.sdk.admin_resources.competition_admins import AdminCompetitionAdminsResource
from ctfy.sdk.admin_resources.competition_invites import AdminCompetitionInvitesResource
from ctfy.sdk.admin_resources.competitions import AdminCompetitionsResource
from ctfy.sdk.admin_resources.fields import AdminFieldsResource
from ctfy.sdk.admin_resources.incidents import AdminIncidentsResource
from ctfy.sdk.admin_resources.instances import AdminInstancesResource
from ctfy.sdk.admin_resources.nodes import AdminNodesResource
from ctfy.sdk.admin_resources.notifications import AdminNotificationsResource
from ctfy.sdk.admin_resources.observability import AdminObservabilityResource
from ctfy.sdk.admin_resources.people_imports import AdminPeopleImportsResource
from ctfy.sdk.admin_resources.records import AdminRecordsResource
from ctfy.sdk.admin_resources.settings import AdminSettingsResource
from ctfy.sdk.admin_resources.shell import AdminShellResource
from ctfy.sdk.admin_resources.site import (
    AdminBrandingResource,
    AdminImagesResource,
    AdminPagesResource,
)
from ctfy.sdk.admin_resources.submissions import AdminSubmissionsResource
from ctfy.sdk.admin_resources.tasks import AdminScheduledJobsResource, AdminTasksResource
from ctfy.sdk.admin_resources.teams import AdminTeamsResource
from ctfy.sdk.admin_resources.users import AdminUsersResource
from ctfy.sdk.admin_resources.writeups import AdminWriteupsResource
from ctfy.sdk.base import DEFAULT_CLIENT_TIMEOUT, BaseHttpClient, Closable, check_address


class AdminClient(Closable):
    """A ctfy server, for an administrator's session token."""

    def __init__(self, http: BaseHttpClient) -> None:
        self._http = http

    @classmethod
    def connect(
        cls,
        server_url: str,
        token: str = "",
        *,
        max_retries: int = 3,
        timeout: int = DEFAULT_CLIENT_TIMEOUT,
    ) -> AdminClient:
        """A client with connections of its own."""
        check_address(server_url, token)
        return cls(BaseHttpClient(server_url, token, timeout=timeout, max_retries=max_retries))

    @cached_property
    def users(self) -> AdminUsersResource:
        """Everybody's accounts."""
        return AdminUsersResource(self._http)

    @cached_property
    def people_imports(self) -> AdminPeopleImportsResource:
        """Many accounts at once, from CSV files."""
        return AdminPeopleImportsResource(self._http)

    @cached_property
    def competitions(self) -> AdminCompetitionsResource:
        """Curating competitions."""
        return AdminCompetitionsResource(self._http)

    @cached_property
    def fields(self) -> AdminFieldsResource:
        """What is asked of people at registration, and what they answered."""
        return AdminFieldsResource(self._http)

    @cached_property
    def announcements(self) -> AdminAnnouncementsResource:
        """Messages to everybody, or to those of a competition, of a bracket, of a team."""
        return AdminAnnouncementsResource(self._http)

    @cached_property
    def notifications(self) -> AdminNotificationsResource:
        """Channels at which the platform tells the outside what happens."""
        return AdminNotificationsResource(self._http)

    @cached_property
    def branding(self) -> AdminBrandingResource:
        """The platform's name, colours, logo and texts."""
        return AdminBrandingResource(self._http)

    @cached_property
    def pages(self) -> AdminPagesResource:
        """Pages for visitors: rules, sponsors, questions and answers."""
        return AdminPagesResource(self._http)

    @cached_property
    def images(self) -> AdminImagesResource:
        """Images for use in pages."""
        return AdminImagesResource(self._http)

    @cached_property
    def achievements(self) -> AdminAchievementsResource:
        """Achievements by hand."""
        return AdminAchievementsResource(self._http)

    @cached_property
    def awards(self) -> AdminAwardsResource:
        """Points that no answer brought: awards, and penalties."""
        return AdminAwardsResource(self._http)

    @cached_property
    def teams(self) -> AdminTeamsResource:
        """Correcting teams."""
        return AdminTeamsResource(self._http)

    @cached_property
    def submissions(self) -> AdminSubmissionsResource:
        """What everybody answered, and correcting its grades."""
        return AdminSubmissionsResource(self._http)

    @cached_property
    def writeups(self) -> AdminWriteupsResource:
        """What teams wrote on how they solved challenges."""
        return AdminWriteupsResource(self._http)

    @cached_property
    def challenges(self) -> AdminChallengesResource:
        """Challenges across the fleet, and how they do."""
        return AdminChallengesResource(self._http)

    @cached_property
    def instances(self) -> AdminInstancesResource:
        """Everybody's instances."""
        return AdminInstancesResource(self._http)

    @cached_property
    def records(self) -> AdminRecordsResource:
        """Instances that are over, and what is kept of them."""
        return AdminRecordsResource(self._http)

    @cached_property
    def nodes(self) -> AdminNodesResource:
        """The fleet."""
        return AdminNodesResource(self._http)

    @cached_property
    def observability(self) -> AdminObservabilityResource:
        """The platform at a glance."""
        return AdminObservabilityResource(self._http)

    @cached_property
    def settings(self) -> AdminSettingsResource:
        """Settings that can be changed while it runs."""
        return AdminSettingsResource(self._http)

    @cached_property
    def competition_admins(self) -> AdminCompetitionAdminsResource:
        """Who administers which competition."""
        return AdminCompetitionAdminsResource(self._http)

    @cached_property
    def competition_invites(self) -> AdminCompetitionInvitesResource:
        """Who may take part in private competitions."""
        return AdminCompetitionInvitesResource(self._http)

    @cached_property
    def tasks(self) -> AdminTasksResource:
        """Tasks that operators start."""
        return AdminTasksResource(self._http)

    @cached_property
    def scheduled_jobs(self) -> AdminScheduledJobsResource:
        """What runs by the clock."""
        return AdminScheduledJobsResource(self._http)

    @cached_property
    def incidents(self) -> AdminIncidentsResource:
        """What looks like cheating."""
        return AdminIncidentsResource(self._http)

    @cached_property
    def shell(self) -> AdminShellResource:
        """Shells in instances."""
        return AdminShellResource(self._http)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()
