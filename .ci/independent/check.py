"""Asks the sandbox through two HaloPSA clients that this project has no part in.

Usage: check.py SANDBOX.json
SANDBOX.json is what `cove-halo-sync sandbox --format json` printed. Both clients list clients and licences, write a licence
and read it back; each time the answer is compared with what the sandbox itself says it holds (`/_sandbox/state`).
"""

import json
import sys
import time
import urllib.request

import requests

PAGE = 50


class Sandbox:
    """The truth, from beside the interfaces under test."""

    def __init__(self, document):
        self.url = document["url"]
        self.halo_url = document["halo_url"]
        self.client_id = document["environment"]["HALO_CLIENT_ID"]
        self.secret = document["environment"]["HALO_CLIENT_SECRET"]

    def state(self):
        with urllib.request.urlopen(f"{self.url}/_sandbox/state", timeout=10) as answer:
            return json.load(answer)

    def switch(self, **switches):
        body = json.dumps(switches).encode()
        call = urllib.request.Request(
            f"{self.url}/_sandbox/switches", body, {"content-type": "application/json"}
        )
        urllib.request.urlopen(call, timeout=10).close()

    def clients(self):
        """Id and name of the active clients."""
        return sorted((one["id"], one["name"]) for one in self.state()["clients"] if not one["inactive"])

    def licences(self):
        """Id, client, name and count of the active licences."""
        return sorted(row(one) for one in self.state()["subscriptions"] if one["is_active"] and not one["deleted"])

    def licence(self, number):
        return next(one for one in self.state()["subscriptions"] if one["id"] == number)


def row(licence):
    return licence["id"], licence["client_id"], licence["name"], licence["count"]


def same(what, got, expected):
    if got != expected:
        sys.exit(f"{what} differ:\n  through the client: {got}\n  in the sandbox:     {expected}")
    print(f"   {what}: the same")


def pages(ask, key):
    """All rows, page by page, up to the first page that holds fewer than asked for."""
    rows = []
    number = 1
    while True:
        page = ask(number)[key]
        rows += page
        if len(page) < PAGE:
            return rows
        number += 1


def haloitsm(sandbox):
    """haloitsm-python: any base URL, generic calls, errors for anything but success."""
    from halo import HaloClient
    from halo.exceptions import HaloError

    halo = HaloClient(base_url=sandbox.halo_url, client_id=sandbox.client_id, client_secret=sandbox.secret)

    def licences():
        def ask(number):
            query = {"pageinate": "true", "page_size": PAGE, "page_no": number, "order": "id"}
            return halo.get("SoftwareLicence", params=query)

        return pages(ask, "licences")

    listed = []
    number = 1
    while page := halo.clients.list(page_size=PAGE, page_no=number, order="id"):
        listed += [(one.id, one.name) for one in page]
        number += 1
    same("clients", sorted(listed), sandbox.clients())
    same("licences", sorted(map(row, licences())), sandbox.licences())

    client = sandbox.clients()[0][0]
    record = {"type": 1, "client_id": client, "name": "Independent", "count": 3}
    made = halo.post("SoftwareLicence", json=[record])
    same("a created licence", row(made)[1:], (client, "Independent", 3))
    same("the created licence as stored", row(sandbox.licence(made["id"])), row(made))
    changed = halo.post("SoftwareLicence", json=[{"id": made["id"], "client_id": client, "count": 0}])
    same("a count of 0", (changed["id"], changed["count"]), (made["id"], 0))
    read = halo.get(f"SoftwareLicence/{made['id']}")
    same("the licence read back", row(read), row(sandbox.licence(made["id"])))
    same("licences after the writes", sorted(map(row, licences())), sandbox.licences())
    before = sandbox.state()
    try:
        # Refused with an object: this client cannot read the bare texts that HaloPSA answers as well.
        halo.post("SoftwareLicence", json=[{"id": 999999, "client_id": client, "count": 1}])
    except HaloError as error:
        same("the state after a refusal", sandbox.state(), before)
        print(f"   refused as {type(error).__name__}")
    else:
        sys.exit("a licence that does not exist was updated")


def halopsa(sandbox):
    """halopsa: its host is fixed, so its session is told to go to the sandbox instead."""
    from HaloPSA.Halo import Halo

    hosted = "https://sandbox.halopsa.com"
    direct = requests.Session.request

    def redirected(session, method, url, **more):
        if not url.startswith(hosted):
            sys.exit(f"halopsa asks for {url}")
        return direct(session, method, sandbox.halo_url + url.removeprefix(hosted), **more)

    requests.Session.request = redirected
    try:
        halo = Halo(tenant="sandbox", clientid=sandbox.client_id, secret=sandbox.secret)

        def ask(number):
            return halo.Clients.search(pageinate=True, page_size=PAGE, page_no=number, order="id")

        listed = [(one["id"], one["name"]) for one in pages(ask, "clients")]
        same("clients", sorted(listed), sandbox.clients())
        # Its licence search sends none of its named parameters: the first 50 rows come, and the total with them.
        first = halo.SoftwareLicences.search(pageinate=True, page_size=PAGE, page_no=1)
        same("the number of licences", first["record_count"], len(sandbox.licences()))
        known = set(sandbox.licences())
        same("the first licences", (len(first["licences"]), set(map(row, first["licences"])) <= known), (PAGE, True))

        client = sandbox.clients()[1][0]
        made = halo.SoftwareLicences.update(type=1, name="Independent too", client_id=client, count=4)
        same("a created licence", row(made)[1:], (client, "Independent too", 4))
        halo.SoftwareLicences.update(id=made["id"], client_id=client, count=9)
        read = halo.SoftwareLicences.get(made["id"])
        same("the licence read back", row(read), row(sandbox.licence(made["id"])))
        same("its count", read["count"], 9)
        # With every record answered in an array, the client hands it on.
        sandbox.switch(post_answer="array")
        changed = halo.SoftwareLicences.update(id=made["id"], client_id=client, count=0)
        same("an array as the answer", [one["count"] for one in changed], [0])
    finally:
        requests.Session.request = direct
        sandbox.switch()


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        sandbox = Sandbox(json.load(file))
    for client in (haloitsm, halopsa):
        print(f"-- {client.__doc__}")
        began = time.monotonic()
        client(sandbox)
        print(f"   done in {time.monotonic() - began:.1f} s")


main()
