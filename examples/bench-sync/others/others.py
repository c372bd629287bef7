"""The same work through HaloPSA clients that others wrote, as their documentation shows it.

Usage: others.py haloitsm-python|halopsa URL CLIENT_ID SECRET CLIENTS
Lists so many clients by pages of 100 and creates a subscription under each. The last line says what it took: CPU seconds and peak
memory in MB. Started by `bench-sync exchange` when OTHERS names a Python that has both packages.
"""

import resource
import sys

PAGE = 100
NAME = "Cove Data Protection | Server"


def haloitsm(url, client_id, secret):
    from halo import HaloClient

    halo = HaloClient(base_url=url, client_id=client_id, client_secret=secret)

    def page(number):
        return [one.id for one in halo.clients.list(page_size=PAGE, page_no=number, order="id")]

    def create(client):
        record = {"type": 1, "client_id": client, "name": NAME, "count": 3, "is_active": True}
        halo.post("SoftwareLicence", json=[record])

    return page, create


def halopsa(url, client_id, secret):
    import requests
    from HaloPSA.Halo import Halo

    hosted = "https://sandbox.halopsa.com"  # its host is fixed: its session is told to go elsewhere
    direct = requests.Session.request

    def redirected(session, method, asked, **more):
        return direct(session, method, url + asked.removeprefix(hosted), **more)

    requests.Session.request = redirected
    halo = Halo(tenant="sandbox", clientid=client_id, secret=secret)

    def page(number):
        answer = halo.Clients.search(pageinate=True, page_size=PAGE, page_no=number, order="id")
        return [one["id"] for one in answer["clients"]]

    def create(client):
        halo.SoftwareLicences.update(type=1, name=NAME, client_id=client, count=3, is_active=True)

    return page, create


def main():
    which, url, client_id, secret, number = sys.argv[1:]
    page, create = {"haloitsm-python": haloitsm, "halopsa": halopsa}[which](url, client_id, secret)
    clients = []
    while rows := page(len(clients) // PAGE + 1):
        clients += rows
        if len(rows) < PAGE:
            break
    if len(clients) != int(number):
        sys.exit(f"{len(clients)} clients")
    for client in clients:
        create(client)
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(f"\n{used.ru_utime + used.ru_stime:.2f} {used.ru_maxrss / 1024}")


main()
