"""The real platform, udata, on a port of this machine. Its database is in memory (mongomock), and goes with the
process, which ends when its standard input does.

usage: platform_server.py LOG    prints its port, then serves; each request becomes a line of LOG: method, path,
                                 User-Agent

GET /newcomers makes two people who know nothing of each other, and tells their keys and organisations.
"""

import json
import logging
import os
import secrets
import socket
import sys
import tempfile
import threading

log = open(sys.argv[1], "a", buffering=1)
with socket.socket() as probe:
    probe.bind(("127.0.0.1", 0))
    port = probe.getsockname()[1]

os.environ["UDATA_SETTINGS"] = os.devnull
import mongomock  # noqa: E402
from udata.settings import Defaults, Testing  # noqa: E402


class Here(Testing):
    TESTING = False
    SERVER_NAME = f"127.0.0.1:{port}"
    PREFERRED_URL_SCHEME = "http"
    MONGODB_SETTINGS = {
        "host": "mongodb://localhost:27017/udata",
        "mongo_client_class": mongomock.MongoClient,
        "uuidRepresentation": "standard",
    }
    CACHE_TYPE = "flask_caching.backends.NullCache"
    CELERY_TASK_ALWAYS_EAGER = True
    CELERY_TASK_EAGER_PROPAGATES = False
    CELERY_BROKER_URL = "memory://"
    CELERY_RESULT_BACKEND = "cache+memory://"
    FS_ROOT = tempfile.mkdtemp(prefix="udata-")
    # The files that the tests publish are on this machine too.
    URLS_ALLOW_LOCAL = True
    URLS_ALLOW_PRIVATE = True
    URLS_RESOLVE_HOSTNAME = False
    DEFAULT_LANGUAGE = "en"
    # Portals also come and fetch, by DCAT.
    HARVESTER_BACKENDS = ["dcat"]


from udata.app import create_app, standalone  # noqa: E402

app = standalone(create_app(Defaults, override=Here, init_logging=lambda app: app))


def populate():
    """What the platform knows before anyone publishes: licences and zones."""
    from udata.core.dataset.models import License
    from udata.core.spatial.models import GeoLevel, GeoZone

    License(id="lov2", title="Licence Ouverte 2.0", url="https://www.etalab.gouv.fr/licence-ouverte-open-licence").save()
    License(id="notspecified", title="License Not Specified").save()
    for level in ["country", "fr:departement"]:
        GeoLevel(id=level, name=level, admin_level=10).save()
    GeoZone(id="country:fr", slug="france", level="country", code="fr", name="France").save()


def newcomers():
    """Two people with their keys, each in an organisation of their own."""
    from udata.core.api_token.models import ApiToken
    from udata.core.organization.models import Member, Organization
    from udata.core.user.models import User

    known = {}
    for prefix in ["", "foreign_"]:
        name = secrets.token_hex(4)
        # Without a uniquifier of their own all owners would be the same to the platform's permissions.
        user = User.objects.create(
            first_name=name, last_name="Essai", email=f"{name}@example.org", active=True, fs_uniquifier=name
        )
        members = [Member(user=user, role="admin")]
        organization = Organization.objects.create(name=f"Organisation {name}", description=name, members=members)
        token, revoked = ApiToken.generate(user, name="revoked")
        token.revoke()
        known[f"{prefix}organization"] = str(organization.id)
        known[f"{prefix}key"] = ApiToken.generate(user, name="key")[1]
        known[f"{prefix}revoked_key"] = revoked
    return known


def logged(environ, start_response):
    if environ["PATH_INFO"] == "/newcomers":
        with app.app_context():
            body = json.dumps(newcomers()).encode()
        start_response("200 OK", [("Content-Type", "application/json")])
        return [body]
    print(environ["REQUEST_METHOD"], environ["PATH_INFO"], environ.get("HTTP_USER_AGENT", ""), file=log)
    return app(environ, start_response)


def end_with_the_tests():
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    from werkzeug.serving import run_simple

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    threading.Thread(target=end_with_the_tests, daemon=True).start()
    with app.app_context():
        populate()
    print(port, flush=True)
    run_simple("127.0.0.1", port, logged, threaded=False)
