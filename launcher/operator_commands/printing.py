"""Answers of a site as text for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Callable

Answer = Mapping[str, Any]


def table(headings: Sequence[str], rows: Sequence[Sequence[Any]]) -> list[str]:
    """Return lines with the columns below each other.

    Args:
        headings: of the columns.
        rows: their values; None is shown as "-".
    """
    cells = [[_cell(value) for value in row] for row in (headings, *rows)]
    widths = [max(len(row[place]) for row in cells) for place in range(len(headings))]
    return ["  ".join(value.ljust(width) for value, width in zip(row, widths)).rstrip() for row in cells]


def _cell(value: Any) -> str:
    return "-" if value is None or value == "" else " ".join(str(value).split())


def status(answer: Answer) -> Iterator[str]:
    """Yield the state of a site: a line for it, one for each state, and what needs a person."""
    site = answer["site"]
    yield f"{site['name']}  {site['address']}  (Eden Sync {site['version']})"
    yield f"Workers alive: {answer['workers']}" + (
        "" if answer["workers"] else "   nothing is exchanged by itself"
    )
    labels = answer["labels"]
    counted = [f"{labels[name]}: {count}" for name, count in answer["states"].items() if count]
    yield "Repositories: " + ("; ".join(counted) or "none")
    for each in answer["repositories"]:
        if each["state"] == "attention":
            yield from ("", f"{each['name']}: {each['why']}")
            yield from (f"  {text}" for text in (each["remedy"], each["warning"]) if text)


def repositories(answer: Answer) -> Iterator[str]:
    """Yield a table of the repositories, and why each is in its state."""
    rows = [
        (
            each["id"],
            each["name"],
            each["label"],
            each["last_success"],
            each["next_run"],
            each["waiting"]["outgoing"],
            each["waiting"]["incoming"],
            each["conflicts"] + each["rejected"],
            each["why"],
        )
        for each in answer["repositories"]
    ]
    headings = ("NO", "NAME", "STATE", "LAST SUCCESS", "NEXT RUN", "TO SEND", "TO FETCH", "TO DECIDE", "WHY")
    yield from table(headings, rows) if rows else ["There is no repository yet."]


def conflicts(answer: Answer) -> Iterator[str]:
    """Yield a table of what needs a decision."""
    found = answer["conflicts"]
    rows = [
        (
            each["id"],
            each["time"],
            each["repository"],
            each["resource"],
            each["label"],
            each["record"] or each["uuid"],
        )
        for each in found
    ]
    if not rows:
        yield "Nothing needs a decision."
        return
    yield from table(("NO", "TIME", "REPOSITORY", "RESOURCE", "KIND", "RECORD"), rows)
    yield from ("", f"Decide at {found[0]['address'].rpartition('/')[0]}", place(answer))


def log(answer: Answer) -> Iterator[str]:
    """Yield the entries of the log, each with what to do."""
    for each in answer["log"]:
        about = " / ".join(filter(None, (each["repository"], each["resource"], each["direction"])))
        yield f"{each['time']}  {each['label']}  {about}"
        yield from (f"    {line}" for line in (each["message"] or "").splitlines())
        if each["remedy"]:
            yield f"    -> {each['remedy']}"
    yield place(answer) if answer["log"] else "There is no such entry."


def place(answer: Answer) -> str:
    """Return where in a long list a page is."""
    return f"Page {answer['page']} of {answer['pages']}, {answer['total']} in all."


def sync(answer: Answer) -> Iterator[str]:
    """Yield how the runs ended, or that they wait."""
    for each in answer["runs"]:
        said = each.get("message") or ("waits for a worker" if each["state"] == "queued" else "")
        yield f"{each['name']}: {each['state']}" + (f" - {said}" if said else "")
    if not answer["workers"]:
        yield "No worker is alive: the runs begin as soon as the site is started (./run)."


def doctor(answer: Answer) -> Iterator[str]:
    """Yield a line for each check, and what to do below it."""
    signs = {"good": "ok", "attention": "!!", "unknown": "??"}
    for each in answer["checks"]:
        yield f"{signs[each['result']]}  {each['check']}: {each['told']}"
        if each["remedy"]:
            yield f"      {each['remedy']}"


def invitation(answer: Answer) -> Iterator[str]:
    """Yield the code of an invitation; it is shown only this once."""
    yield f"{answer['name']} can join {answer['address']} with the scope {answer['scope']} until {answer['expires']}."
    yield "Whoever has the code can join in its place, once. It is not shown again:"
    yield answer["code"]


def joined(answer: Answer) -> Iterator[str]:
    """Yield what a site has joined, and what it exchanges."""
    yield f"This site has joined {answer['name']} ({answer['address']})."
    yield f"It exchanges {', '.join(answer['resources']) or 'nothing'}."
    if answer["left_out"]:
        yield f"It does not have, and leaves out: {', '.join(answer['left_out'])}."
    if not answer["workers"]:
        yield "No worker is alive: the first run begins as soon as the site is started (./run)."


def prescribed(answer: Answer) -> Iterator[str]:
    """Yield what a repository prescribes, and how to accept what waits for consent."""
    if answer["accepted"]:
        yield "Accepted."
    often = f", every {answer['minutes']} minutes" if answer["minutes"] else ""
    yield f"{answer['name']} prescribes: {', '.join(answer['resources']) or 'nothing'}{often}."
    if answer["problem"]:
        yield answer["problem"]
    yield from (f"+ {line}" for line in answer["more"])
    if answer["mark"]:
        yield f"To accept it: ./eden prescription '{answer['name']}' --accept {answer['mark']}"


def applied(answer: Answer) -> Iterator[str]:
    """Yield what a file has changed, or would change: a line for each thing, and one for each detail."""
    signs = {"add": "+", "change": "~"}
    for each in answer["changes"]:
        yield f"{signs[each['action']]} {each['kind']} {each['name']}"
        yield from (f"    {line}" for line in each["details"])
    for each in answer["registered"]:
        yield (
            f"Registered at {each['name']}."
            if each["registered"]
            else (f"Not registered at {each['name']} yet: {each['message']} The same command tries it again.")
        )
    yield from (f"!! {line}" for line in answer["warnings"])
    count = len(answer["changes"])
    verb = "would be changed; nothing was" if answer["dry_run"] else "changed"
    yield f"{count} {verb}, {answer['unchanged']} as the file says already."


def password(answer: Answer) -> Iterator[str]:
    """Yield the user, and the password if it was made up; it is shown only this once."""
    yield f"{answer['email']} has another password; sessions that began with the former one have ended."
    if "password" in answer:
        yield f"Password  {answer['password']}   (made up now and shown only this once)"


def backup(answer: Answer) -> Iterator[str]:
    """Yield where a backup is, and what belongs to it."""
    yield f"{answer['file']}: {answer['files']} files, {answer['bytes']:,} bytes"
    if answer["key"]:
        yield "It holds the key: whoever has it can read the passwords of other sites."
    else:
        yield "Without private/vault.key, which does not change: keep a copy of that elsewhere."


def restored(answer: Answer) -> Iterator[str]:
    """Yield what was put back, where the former is, and what comes next."""
    yield f"{answer['name']} is as it was at {answer['made']}."
    yield f"What stood there is in {answer['former']}; remove it when all is well."
    if not answer["key"]:
        yield "There is no vault.key: passwords of other sites that were saved have to be entered again."
    yield f"Start it: ./run --instance {answer['home']}"
    yield "What was entered after the backup and had reached other sites comes back from them with the next runs."


def moved(answer: Answer) -> Iterator[str]:
    """Yield from where to where the records went, and what comes next."""
    yield f"{answer['records']:,} rows of {answer['tables']} tables went to {answer['to']}; all are equal."
    yield f"{answer['from']} is as it was: remove it when all is well."
    yield f"Start the site: ./run --instance {answer['home']}"


def news_of_move(told: Answer) -> str:
    """Return a line about what is being copied."""
    return told["said"] if "said" in told else f"{told['table']}: {told['done']:,} of {told['of']:,}"


def news(told: Answer) -> str:
    """Return a line about a run that is followed."""
    done = f" {told['done']}" + (f" of {told['of']}" if told["of"] else "") if told["done"] else ""
    return f"{told['name']}: {told['resource']} {told['stage']}{done}".replace("  ", " ")


PRINTERS: Mapping[str, Callable[[Answer], Iterator[str]]] = {
    "status": status,
    "repositories": repositories,
    "conflicts": conflicts,
    "log": log,
    "sync": sync,
    "doctor": doctor,
    "invite": invitation,
    "join": joined,
    "prescription": prescribed,
    "apply": applied,
    "reset-password": password,
    "backup": backup,
    "restore": restored,
    "move-database": moved,
}
