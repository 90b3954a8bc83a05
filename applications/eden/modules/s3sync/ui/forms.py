"""The layout of forms: labels above controls, help and errors linked to them, and none of web2py's styles.

The site's Content-Security-Policy forbids ``style`` attributes, which web2py writes into hidden parts of forms and
into some of its controls.
"""

from __future__ import annotations

from typing import Any

from gluon import DIV, FORM, INPUT, LABEL, SPAN, A, current
from gluon.validators import IS_NOT_EMPTY

#: The hidden field that proves who opened a form, where the host can prove that.
PROOF = "_proof"
_LOOKS = {
    "checkbox": "form-check-input",
    "radio": "form-check-input",
    "submit": "btn btn-primary",
    "range": "form-range",
}


def _hidden_fields(form: Any) -> DIV:
    given = [
        INPUT(_type="hidden", _name=name, _value=value)
        for name, value in (form.attributes.get("hidden") or {}).items()
    ]
    key, form_name = getattr(form, "formkey", None), getattr(form, "formname", None)
    keeper = getattr(current, "form_keeper", None)
    proof = keeper.proof(form_name, key) if keeper is not None and key and form_name else None
    for name, value in (("_formkey", key), ("_formname", form_name), (PROOF, proof)):
        if value:
            given.append(INPUT(_type="hidden", _name=name, _value=value))
    return DIV(*given, _hidden="hidden")


# web2py hides this part by a style attribute.
FORM.hidden_fields = _hidden_fields


class FieldRow(DIV):
    """One field of a form: when it is rendered, its control is linked to its help and its error."""

    tag = "div"

    def xml(self) -> Any:
        for control in self.elements("input, select, textarea"):
            name, classes = control.attributes.get("_name"), control["_class"] or ""
            error = (getattr(control, "errors", None) or {}).get(name)
            tied = [self.attributes["_id"] + "__help"] if self.element(".help") else []
            if error:
                control["_aria-invalid"] = "true"
                if "is-invalid" not in classes:
                    control["_class"] = f"{classes} is-invalid"
                tied.insert(0, f"{name}__error")
            if tied:
                control["_aria-describedby"] = " ".join(tied)
        return super().xml()


def form_rows(form: Any, fields: list[tuple[str, Any, Any, Any]]) -> DIV:
    """Return the fields of a form in our layout (a web2py formstyle).

    Args:
        form: the form.
        fields: id, label, control and comment of each field.
    """
    rows = DIV(_class="fields")
    needed = False
    for row_id, label, controls, comment in fields:
        dress(controls)
        needed |= _mark_needed(label, controls)
        rows.append(
            FieldRow(
                *_placed(label, controls),
                SPAN(comment, _class="help form-text", _id=f"{row_id}__help") if comment else "",
                _class="field",
                _id=row_id,
            )
        )
    if needed:
        rows.insert(0, DIV(current.T("Fields with a * are needed."), _class="form-text"))
    return rows


def nothing_saved(T: Any) -> Any:
    """Return what a page says above a form of which a field is refused."""
    return T("Nothing was saved yet. Look at the fields that are marked, then press the button again.")


def _mark_needed(label: Any, controls: Any) -> bool:
    requires = getattr(controls, "attributes", {}).get("requires")
    rules = requires if isinstance(requires, (list, tuple)) else [requires]
    if not isinstance(label, LABEL) or not any(isinstance(rule, IS_NOT_EMPTY) for rule in rules):
        return False
    label.append(SPAN(" *", **{"_aria-hidden": "true"}))
    controls["_aria-required"] = "true"
    return True


def _placed(label: Any, controls: Any) -> tuple[Any, ...]:
    """Return label and control in their order: the label of a checkbox comes after it."""
    if not isinstance(label, LABEL):
        return ("", controls)
    if getattr(controls, "attributes", {}).get("_type") == "checkbox":
        label.add_class("form-check-label")
        return (DIV(controls, label, _class="form-check"),)
    label.add_class("form-label")
    if isinstance(controls, DIV) and controls["_role"] == "group":
        label["_id"] = f"{label['_for']}__name"
        controls["_aria-labelledby"] = label["_id"]
        label.tag = "span"
        del label.attributes["_for"]
    return (label, controls)


def checkboxes(field: Any, value: Any, **attributes: Any) -> DIV:
    """Return a checkbox for each choice of a field (a web2py widget).

    Args:
        field: the field; its validator knows the choices.
        value: the chosen values.
        attributes: attributes of the widget; they are not used.
    """
    rule = field.requires[0] if isinstance(field.requires, (list, tuple)) else field.requires
    chosen = {str(one) for one in (value if isinstance(value, (list, tuple)) else [value] if value else [])}
    boxes = [
        DIV(
            INPUT(
                _type="checkbox",
                _name=field.name,
                _value=key,
                _id=f"{field.name}_{number}",
                value=key if str(key) in chosen else [],
                requires=field.requires,
                hideerror=True,
            ),
            LABEL(label, _for=f"{field.name}_{number}", _class="form-check-label"),
            _class="form-check",
        )
        for number, (key, label) in enumerate(rule.options())
        if str(key)
    ]
    if boxes:
        boxes[-1][0]["hideerror"] = False
    return DIV(*boxes, _role="group", _id=f"{field.tablename}_{field.name}")


def buttons(label: Any, cancel: Any = None, back: str = "", danger: bool = False) -> list[Any]:
    """Return the buttons at the end of a form: the submit button, and a link back.

    Args:
        label: label of the submit button.
        cancel: label of the link back, None for no link.
        back: address of the link.
        danger: whether submitting destroys something.
    """
    shown = [INPUT(_type="submit", _value=label, _class="btn btn-danger" if danger else "btn btn-primary")]
    if cancel is not None:
        shown.append(A(cancel, _href=back, _class="btn btn-outline-secondary"))
    return [DIV(*shown, _class="d-flex flex-wrap gap-2")]


def dress(controls: Any) -> None:
    """Give web2py's controls the framework's classes, and remove their styles.

    Args:
        controls: a control, or an element with controls; text is not changed.
    """
    if not isinstance(controls, DIV):
        return
    if controls.tag.strip("/") in ("input", "select", "textarea"):
        _dress_one(controls)
    for part in controls.components:
        dress(part)
    if "none" in (controls.attributes.pop("_style", None) or ""):
        controls["_hidden"] = "hidden"


def _dress_one(control: Any) -> None:
    tag = control.tag.strip("/")
    kind = control.attributes.get("_type") or "text"
    if kind == "hidden":
        return
    look = (
        "form-select"
        if tag == "select"
        else _LOOKS.get(kind, "form-control")
        if tag == "input"
        else "form-control"
    )
    classes = (control["_class"] or "").split()
    control["_class"] = " ".join([*classes, *(each for each in look.split() if each not in classes)])
