"""Instances: started, looked at, renewed and stopped."""

from __future__ import annotations

from ctfy.server.domain import Domain, Job, Params, PersonalData, Schedule, Task
from ctfy.server.instances import admin_routes, jobs, routes
from ctfy.server.tables.instances import Instance

DOMAIN = Domain(
    routers=(routes.router, admin_routes.router, routes.in_competition),
    jobs=(
        Job("start_instance", jobs.start_instance),
        Job("stop_instance", jobs.stop_instance),
    ),
    tasks=(Task("instances_stop_all", Params, jobs.stop_all_instances),),
    schedules=(
        Schedule("ttl_sweep", 30, "Stops instances that have outlived their time", jobs.ttl_sweep),
        Schedule(
            "reconcile", 5, "Makes the table and the nodes' inventories agree", jobs.reconcile
        ),
    ),
    personal_data=(PersonalData(Instance, "user_id", on_deletion="keep"),),
)
