"""Runs inside an Eden: makes an account with all rights, and gives the site an identifier of its own."""

import uuid

from gluon.validators import CRYPT

secret = CRYPT(key=auth.settings.hmac_key, min_length=8)(asked["password"])[0]
accounts = db[auth.settings.table_user_name]
key = accounts.insert(email=asked["email"], first_name="Ann", last_name="Admin", password=str(secret))
auth.s3_assign_role(key, auth.get_system_roles().ADMIN)
table = s3db.table("sync_config")
db(table.id > 0).update(uuid=uuid.uuid4().urn)
db.commit()
answer(key)
