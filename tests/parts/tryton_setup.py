"""Run by Tryton's own Python: modules into an empty database, then what a company that sells has to have there.

The database's name is the argument, its server is in TRYTOND_DATABASE_URI. What it makes comes as JSON on standard input: currency,
company, people and the user of the integration. Killed on the way it leaves a database that is of no use.
"""

import json
import sys

from trytond import __series__, backend
from trytond.pool import Pool
from trytond.transaction import Transaction, TransactionError

GROUPS = {
    # What they are called in the interface: Sales, and Sale Opportunity, as a salesperson has them.
    "sales": [("sale", "group_sale"), ("sale_opportunity", "group_opportunity")],
    # What an integration needs: nothing but opportunities.
    "integration": [("sale_opportunity", "group_opportunity")],
}


def activate(name: str) -> None:
    database = backend.Database(name)
    database.connect()
    database.init()
    Pool.start()
    Pool(name).init(update=["ir", "res", "sale_opportunity"], lang=["en"], activatedeps=True)


def fill(name: str, wanted: dict) -> None:
    """In one transaction; begun again where Tryton finds on the way that it has to lock a table from the start."""
    more: dict = {}
    while True:
        with Transaction().start(name, 0, **more) as transaction:
            try:
                _fill(wanted)
                return
            except TransactionError as error:
                transaction.rollback()
                error.fix(more)


def _fill(wanted: dict) -> None:
    pool = Pool()
    configuration = pool.get("ir.configuration")(1)
    configuration.language, configuration.series = "en", __series__
    configuration.save()
    company = _company(wanted)
    with Transaction().set_context(company=company.id, companies=[company.id]):
        for person in wanted["people"]:
            _user(person, company, "sales", pool.get("company.employee"))
        _user(wanted["integration"], company, "integration", None)


def _company(wanted: dict):
    pool = Pool()
    currency = pool.get("currency.currency")(
        name=wanted["currency"], symbol=wanted["currency"], code=wanted["currency"], digits=2
    )
    currency.save()
    pool.get("currency.currency.rate")(currency=currency, rate=1, date=pool.get("ir.date").today()).save()
    party = pool.get("party.party")(name=wanted["company"])
    party.save()
    company = pool.get("company.company")(party=party, currency=currency)
    company.save()
    return company


def _user(person: dict, company, groups: str, employee) -> None:
    pool = Pool()
    user = pool.get("res.user")(login=person["login"], name=person["name"], password=person["password"])
    user.companies, user.company = [company], company
    if employee is not None:
        party = pool.get("party.party")(name=person["name"])
        party.save()
        mine = employee(party=party, company=company)
        mine.save()
        user.employees, user.employee = [mine], mine
    data, group = pool.get("ir.model.data"), pool.get("res.group")
    user.groups = [group(data.get_id(module, ident)) for module, ident in GROUPS[groups]]
    user.save()


if __name__ == "__main__":
    activate(sys.argv[1])
    fill(sys.argv[1], json.load(sys.stdin))
