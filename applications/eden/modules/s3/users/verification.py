"""Who a name and a password belong to: the one way by which both ways in check them."""

from __future__ import annotations

import logging
from typing import Any, Callable

from s3sync.database import own_rows as own_rows

from .failed_logins import FailedLogins
from .password_cache import RightPasswords
from .password_rules import hashed, is_outdated, is_right

_right_passwords = RightPasswords()
logger = logging.getLogger("eden.auth")


class Verification:
    """Checks names and passwords, slows down guessing, and renews outdated hashes.

    Args:
        db: the site's database.
        users: returns the table of users; who is known by a right password needs nothing but a row of it.
        failures: the failed log-ins of the site.
        address: the address of the client.
    """

    def __init__(self, db: Any, users: Callable[[], Any], failures: FailedLogins, address: str) -> None:
        self._db, self._users, self._failures, self._address = db, users, failures, address

    def user(self, account: str, password: str, way: str, *, cached: bool = False) -> Any:
        """Return the row of the user, also of a disabled one; None if name or password is wrong.

        Args:
            account: the e-mail address that was given.
            password: the password that was given.
            way: where they were given, for the log.
            cached: whether a password that was right before need not be hashed again.

        Raises:
            TooManyAttempts: the client has to wait.
        """
        row = next(iter(own_rows.read(self._db, "auth_user", {"email": account}, limit=1)), None)
        stored = (row.password or "") if row else ""
        if cached and stored and _right_passwords.knows(password, stored):
            self._failures.check(account, self._address)
            return row
        attempt = self._failures.begin(account, self._address, way)
        if not is_right(self._users().password, password, stored):
            self._failures.failed(account, self._address, way)
            return None
        self._failures.succeeded(attempt, account, self._address)
        if is_outdated(stored):
            stored = self._renew(row, password)
        _right_passwords.remember(password, stored)
        return row

    def _renew(self, row: Any, password: str) -> str:
        """Store the hash of a right password with the cost of today; return what is stored now."""
        renewed = hashed(self._users().password, password)
        # What the request has read so far must not be in the way of a write.
        self._db.commit()
        try:
            self._db(self._users().id == row.id).update(password=renewed)
            self._db.commit()
        except self._db._adapter.driver.OperationalError as error:
            self._db.rollback()
            logger.warning("The hash of a password could not be renewed, the next log-in tries it: %s", error)
            return str(row.password)
        row.password = renewed
        return renewed
