"""What tar and the system's tools write differently everywhere: an archive, its digest, and the list of what a command is made of.

    pack.py PROJECT TARGET FOLDER OUT   writes OUT.tar.gz, OUT.tar.gz.sha256 and OUT.spdx.json
"""

import gzip
import hashlib
import json
import subprocess
import sys
import tarfile
from datetime import datetime, timezone
from pathlib import Path


def commit(project):
    """The commit and its moment, or none where there is no repository."""
    told = subprocess.run(["git", "-C", project, "log", "-1", "--format=%H %ct"], capture_output=True, text=True)
    digest, moment = (told.stdout.split() + ["", "0"])[:2] if told.returncode == 0 else ("", "0")
    return digest, int(moment)


def archive(folder, path, moment):
    """The folder, with nothing in it that depends on where and when it was packed."""

    def plain(member):
        member.uid = member.gid = 0
        member.uname = member.gname = ""
        member.mtime = moment
        return member

    with open(path, "wb") as file, gzip.GzipFile("", "wb", fileobj=file, mtime=moment) as packed:
        with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as tar:
            tar.add(folder, folder.name, recursive=False, filter=plain)
            for member in sorted(folder.iterdir()):
                tar.add(member, f"{folder.name}/{member.name}", filter=plain)


def parts(project, target):
    """The crates that the command links on a system: neither those of tests nor those of other systems."""
    command = ["cargo", "metadata", "--format-version", "1", "--locked", "--filter-platform", target]
    told = subprocess.run(command, cwd=project, check=True, capture_output=True, text=True).stdout
    metadata = json.loads(told)
    nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
    linked, waiting = set(), [metadata["resolve"]["root"]]
    while waiting:
        crate = waiting.pop()
        if crate not in linked:
            linked.add(crate)
            waiting += [
                dep["pkg"] for dep in nodes[crate]["deps"] if any(kind["kind"] is None for kind in dep["dep_kinds"])
            ]
    return sorted((crate for crate in metadata["packages"] if crate["id"] in linked), key=lambda crate: crate["id"])


def bill(crates, name, digest, moment):
    """SPDX 2.3 in JSON."""
    def package(number, crate):
        return {
            "SPDXID": f"SPDXRef-{number}",
            "name": crate["name"],
            "versionInfo": crate["version"],
            "downloadLocation": crate["repository"] or "NOASSERTION",
            "licenseConcluded": "NOASSERTION",
            "licenseDeclared": (crate["license"] or "NOASSERTION").replace("/", " OR "),
            "copyrightText": "NOASSERTION",
            "filesAnalyzed": False,
            "externalRefs": [
                {
                    "referenceCategory": "PACKAGE-MANAGER",
                    "referenceType": "purl",
                    "referenceLocator": f"pkg:cargo/{crate['name']}@{crate['version']}",
                }
            ],
        }

    return {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": name,
        "documentNamespace": f"https://github.com/guichets-ouverts/guichets-ouverts/spdx/{name}-{digest}",
        "creationInfo": {
            "created": datetime.fromtimestamp(moment, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "creators": ["Tool: guichets-ouverts/.ci/pack.py"],
        },
        "packages": [package(number, crate) for number, crate in enumerate(crates)],
        "relationships": [
            {
                "spdxElementId": "SPDXRef-DOCUMENT",
                "relationshipType": "DESCRIBES",
                "relatedSpdxElement": f"SPDXRef-{number}",
            }
            for number in range(len(crates))
        ],
    }


def main():
    project, target, folder, out = sys.argv[1], sys.argv[2], Path(sys.argv[3]), sys.argv[4]
    digest, moment = commit(project)
    packed = Path(f"{out}.tar.gz")
    archive(folder, packed, moment)
    sha256 = hashlib.sha256(packed.read_bytes()).hexdigest()
    # In the form that sha256sum --check reads.
    Path(f"{out}.tar.gz.sha256").write_text(f"{sha256}  {packed.name}\n", encoding="utf-8")
    listed = bill(parts(project, target), folder.name, digest, moment)
    Path(f"{out}.spdx.json").write_text(json.dumps(listed, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
