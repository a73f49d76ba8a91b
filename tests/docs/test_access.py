"""Every RPC has a row that says who may call it, and the page shows exactly these rows."""

from __future__ import annotations

from tests.docs.pages import code_in, page, rows
from tests.docs.test_reference import FILES
from tillhald.domain.access import COVERS, Role
from tillhald.rpc.access_rules import FINER, RULES, Rule, rule_of

PAGE = page("docs/reference/access.md")
SERVED = {
    f"{service.name}/{method.name}"
    for file in FILES
    for service in file.services_by_name.values()
    for method in service.methods
}


def test_every_rpc_has_a_row_that_says_who_may_call_it() -> None:
    assert set(RULES) == SERVED


def test_an_rpc_without_a_row_lets_nobody_in() -> None:
    assert rule_of("CheckoutService/Forgotten") == Rule(())


def test_the_page_shows_the_rules_that_the_daemon_asks() -> None:
    told = {}
    for row in rows(PAGE):
        if row.heading == "Rules":
            name, roles, *marks = row.cells
            told[code_in(name)[0]] = (roles, *marks)
    yes = {True: "yes", False: "no"}
    assert told == {
        name: (
            ", ".join(rule.roles) or "none",
            yes[rule.liftable],
            "admin" if rule.free_to_keepers else yes[rule.before_sign_on],
            "admin" if rule.admin_only else "all",
        )
        for name, rule in RULES.items()
    }


def test_the_page_shows_the_finer_rules() -> None:
    told = [row.cells for row in rows(PAGE) if row.heading == "Finer rules"]
    assert told == [
        (f"`{one.rpc}`", one.when, ", ".join(one.roles), "yes" if one.liftable else "no")
        for one in FINER
    ]
    assert {one.rpc for one in FINER} <= set(RULES)


def test_the_page_says_what_each_role_covers() -> None:
    for row in rows(PAGE):
        if row.heading == "Roles":
            role = Role(code_in(row.cells[0])[0])
            others = {other for other in COVERS[role] if other is not role}
            if role is Role.OWNER:
                assert row.cells[1] == "all of them"
            else:
                assert set(filter(None, row.cells[1].split(", "))) == others
    assert len([row for row in rows(PAGE) if row.heading == "Roles"]) == len(Role)
