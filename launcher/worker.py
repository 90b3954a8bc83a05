"""Changes web2py's scheduler for use under a supervisor. Runs inside web2py.

The differences from the original scheduler:

- A worker that gets SIGTERM during a task puts the task back into the queue and ends. The original marks the
  task as failed and goes on.
- A task dies with its worker, and any worker takes over from dead ones of the same machine with its next heartbeat. In
  the original the task of a killed worker goes on, and its place in the queue stays taken for a while.
- A task whose process was killed is begun anew at once, the first time. In the original it waits for its next turn.
- A task runs in a fresh process, not in a fork of the worker. A fork that happens while the heartbeat's thread
  writes to SQLite inherits the lock, and finds the database locked for ever.
- A task that ran while the clock of this computer was ahead is due again once the clock is right. In the original it
  waits until the time has come that the clock had told.
- The order to assign tasks stays until it has been carried out. In the original a worker gives it with every
  fifth heartbeat and withdraws it with the next, so it can be missed again and again.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import sys
from datetime import datetime, timedelta
from typing import Any

INTERRUPTED = "The worker was stopped while this task ran; the task is queued again."
DIED = "The worker process died while this task ran; the task is queued again."

#: Clocks of several computers with workers may differ by so much; gluon takes those that differ by more for dead.
APART = timedelta(minutes=1)


def refine_scheduler() -> None:
    """Change gluon's Scheduler class, once, before it is used."""
    from gluon.scheduler import QUEUED, STOPPED, Scheduler, logger

    loop = Scheduler.loop
    assign_tasks = Scheduler.wrapped_assign_tasks
    terminate_process = Scheduler.terminate_process
    report_task = Scheduler.report_task
    send_heartbeat = Scheduler.send_heartbeat

    def refined_loop(self: Any, worker_name: str | None = None) -> None:
        self.use_spawn = True
        release_dead_workers(self.db, self.worker_name, self.now())
        bring_back(self.db, self.now())
        try:
            loop(self, worker_name)
        finally:
            self.db(self.db.scheduler_worker.worker_name == self.worker_name).delete()
            self.db.commit()

    def refined_send_heartbeat(self: Any, counter: int) -> None:
        if self.db_thread:
            try:
                release_dead_workers(self.db_thread, None, self.now())
                bring_back(self.db_thread, self.now())
            except Exception:
                # The heartbeat itself says what is wrong with the database, and connects again.
                logger.exception("The tasks of dead workers, or of a wrong clock, could not be queued again.")
                self.db_thread.rollback()
        send_heartbeat(self, counter)

    def refined_terminate_process(self: Any, flush_out: bool = True, flush_ret: bool = True) -> None:
        # gluon calls this while it handles the exception that interrupted the wait for a task, and then swallows it.
        if isinstance(sys.exc_info()[1], (SystemExit, KeyboardInterrupt)):
            self.give_up()
        terminate_process(self, flush_out, flush_ret)

    def refined_report_task(self: Any, task: Any, report: Any) -> None:
        if self.have_heartbeat or report.status != STOPPED:
            killed = report.status == STOPPED and getattr(self.process, "exitcode", None) == -signal.SIGKILL
            first = killed and not self.db.scheduler_task(task.task_id).times_failed
            report_task(self, task, report)
            if first:
                query = (self.db.scheduler_task.id == task.task_id) & (
                    self.db.scheduler_task.status == QUEUED
                )
                self.db(query).update(next_run_time=self.now())
                pick(self.db)
            return
        db = self.db
        db(db.scheduler_task.id == task.task_id).update(status=QUEUED, assigned_worker_name="")
        db(db.scheduler_run.id == task.run_id).update(
            status=STOPPED, stop_time=self.now(), traceback=INTERRUPTED
        )

    def order_assignment(self: Any, wanted: bool) -> None:
        if wanted:
            self.assignment_ordered = True
            # The order comes from the thread of the heartbeat; who carries it out would sleep on for up to a heartbeat.
            if wake := getattr(self, "wake", None):
                wake()

    def refined_assign_tasks(self: Any) -> None:
        self.assignment_ordered = False
        assign_tasks(self)

    Scheduler.assignment_ordered = False
    Scheduler.do_assign_tasks = property(lambda self: self.assignment_ordered, order_assignment)
    Scheduler.wrapped_assign_tasks = refined_assign_tasks
    Scheduler.loop = refined_loop
    Scheduler.send_heartbeat = refined_send_heartbeat
    Scheduler.terminate_process = refined_terminate_process
    Scheduler.report_task = refined_report_task
    logger.addFilter(lambda record: not is_a_stop(record))


def is_a_stop(record: logging.LogRecord) -> bool:
    """Return whether gluon reports as an error that somebody stopped the worker."""
    return record.exc_info is not None and isinstance(record.exc_info[1], (SystemExit, KeyboardInterrupt))


def release_dead_workers(db: Any, own_name: str | None, now: datetime) -> None:
    """Queue the tasks of this machine's dead workers again; their runs end now.

    Args:
        db: the database of the scheduler.
        own_name: name of a worker that starts: a row with it is from a dead worker too, one with the same process
            number, as happens in containers. None for one that has its row already.
        now: the present time.
    """
    from gluon.scheduler import ASSIGNED, QUEUED, RUNNING, STOPPED

    workers, tasks, runs = db.scheduler_worker, db.scheduler_task, db.scheduler_run
    names = [row.worker_name for row in db(workers.id > 0).select(workers.worker_name)]
    dead = [name for name in names if name == own_name or is_dead(name)]
    for name in dead:
        db((tasks.assigned_worker_name == name) & tasks.status.belongs((RUNNING, ASSIGNED))).update(
            status=QUEUED, assigned_worker_name=""
        )
        db((runs.worker_name == name) & (runs.status == RUNNING)).update(
            status=STOPPED, stop_time=now, traceback=DIED
        )
        db(workers.worker_name == name).delete()
    if dead:
        pick(db)
    db.commit()


def bring_back(db: Any, now: datetime) -> None:
    """Make due what ran at a time that has not come yet: the clock was ahead then, and tasks wait by it.

    Args:
        db: the database of the scheduler.
        now: the present time.
    """
    from gluon.scheduler import QUEUED

    tasks = db.scheduler_task
    # A person may plan the first run for any time.
    ran = (tasks.last_run_time > now + APART) & (tasks.next_run_time > now)
    if db(ran & (tasks.status == QUEUED)).update(next_run_time=now, last_run_time=now):
        pick(db)
    db.commit()


def pick(db: Any) -> None:
    """Let tasks be assigned with the next heartbeat instead of the fifth, whoever does so by then."""
    db(db.scheduler_worker.status == "ACTIVE").update(status="PICK")


def is_dead(worker_name: str) -> bool:
    """Return whether a worker (gluon names it ``host#process number``) ran on this machine and is gone."""
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
