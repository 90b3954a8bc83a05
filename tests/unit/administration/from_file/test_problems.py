"""In which line of a file something is wrong."""

from __future__ import annotations

from s3sync.administration.from_file.problems import Findings, Problem, lines_of, meant

TEXT = '''version = 1
[site]
log_days = 3
[[groups]]
name = "G"
[[groups.resources]]
resource = "a"
[groups.schedule]
every = "1 hour"
[[repositories]]
name = "A"
comments = """
[[repositories]]
name = "not one"
"""
[[repositories]]
name = "B"
schedule.every = "1 hour"
resources = [
  {resource = "b", mode = "both"},
]
[[repositories.resources]]
resource = "c"
[[repositories.resources]]
resource = "d"
'''


def test_keys_are_found_by_their_place() -> None:
    found = lines_of(TEXT)
    assert found["version"] == 1 and found["site"] == 2 and found["site.log_days"] == 3
    assert found["groups[1].resources[1].resource"] == 7 and found["groups[1].schedule.every"] == 9
    assert found["repositories[2].name"] == 17 and "repositories[3]" not in found
    assert found["repositories[2].schedule.every"] == 18
    assert found["repositories[2].resources[2].resource"] == 25


def test_what_is_not_found_is_at_the_line_of_what_it_is_in() -> None:
    findings = Findings('[[repositories]]\nresources = [\n  {resource = "b"},\n]\n')
    assert findings.line("repositories[1].resources[1].resource") == 2
    assert findings.line("repositories[1].nowhere") == 1
    assert findings.line("nowhere.at.all") is None


def test_a_problem_says_where_what_and_what_to_do() -> None:
    assert Problem("a.b", 3, "Wrong.", "Mend it.").in_words == "line 3, a.b: Wrong. Mend it."
    assert Problem("", None, "Wrong.", "Mend it.").in_words == "Wrong. Mend it."


def test_a_name_that_is_nearly_another_one_is_suggested() -> None:
    assert meant("Feild", ["Field", "Town"]) == "Did you mean Field?"
    assert meant("xyz", ["Field", "Town"]) == "There are: Field, Town."
    assert meant("xyz", []) == "There are none."
