"""Makes web2py's scheduler a good citizen under a supervisor. Runs inside web2py.

As it comes, a worker that gets SIGTERM during a task abandons the task as failed and goes on; a worker that
was killed leaves the process of its task running, and its tasks wait until its heartbeat has expired. Here a
worker that is asked to stop hands its task back to the queue and ends, a task dies with its worker, and a new
worker at once takes over from dead ones of the same machine.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
from typing import Any

from .processes import signal_at_parents_death

INTERRUPTED = "The worker was stopped while this task ran; the task is queued again."
DIED = "The worker process died while this task ran; the task is queued again."


def refine_scheduler() -> None:
    """Changes gluon's Scheduler class, once, before it is used."""
    from gluon.scheduler import QUEUED, STOPPED, Scheduler

    loop = Scheduler.loop
    terminate_process = Scheduler.terminate_process
    report_task = Scheduler.report_task

    def refined_loop(self: Any, worker_name: str | None = None) -> None:
        os.register_at_fork(after_in_child=lambda: signal_at_parents_death(signal.SIGKILL))
        release_dead_workers(self.db, self.worker_name)
        try:
            loop(self, worker_name)
        finally:
            self.db(self.db.scheduler_worker.worker_name == self.worker_name).delete()
            self.db.commit()

    def refined_terminate_process(self: Any, flush_out: bool = True, flush_ret: bool = True) -> None:
        # gluon calls this while it handles whatever interrupted the wait for a task, and then swallows it.
        if isinstance(sys.exc_info()[1], (SystemExit, KeyboardInterrupt)):
            self.give_up()
        terminate_process(self, flush_out, flush_ret)

    def refined_report_task(self: Any, task: Any, report: Any) -> None:
        if self.have_heartbeat or report.status != STOPPED:
            report_task(self, task, report)
            return
        db = self.db
        db(db.scheduler_task.id == task.task_id).update(status=QUEUED, assigned_worker_name="")
        db(db.scheduler_run.id == task.run_id).update(
            status=STOPPED, stop_time=self.now(), traceback=INTERRUPTED
        )

    Scheduler.loop = refined_loop
    Scheduler.terminate_process = refined_terminate_process
    Scheduler.report_task = refined_report_task


def release_dead_workers(db: Any, own_name: str) -> None:
    """Queues again what workers of this machine had in hand whose processes are gone.

    A row with this worker's own name is from a dead one too: it had the same process number, as happens in
    containers.
    """
    from gluon.scheduler import ASSIGNED, QUEUED, RUNNING, STOPPED

    workers, tasks, runs = db.scheduler_worker, db.scheduler_task, db.scheduler_run
    names = [row.worker_name for row in db(workers.id > 0).select(workers.worker_name)]
    dead = [name for name in names if name == own_name or is_dead(name)]
    for name in dead:
        db((tasks.assigned_worker_name == name) & tasks.status.belongs((RUNNING, ASSIGNED))).update(
            status=QUEUED, assigned_worker_name=""
        )
        db((runs.worker_name == name) & (runs.status == RUNNING)).update(status=STOPPED, traceback=DIED)
        db(workers.worker_name == name).delete()
    db.commit()


def is_dead(worker_name: str) -> bool:
    """Whether a worker, named ``host#process number`` by gluon, ran on this machine and is gone."""
    host, _, number = worker_name.rpartition("#")
    if host != socket.gethostname() or not number.isdigit():
        return False
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False
