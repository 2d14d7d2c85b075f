"""What tar and the system's tools write differently everywhere: an archive, its digest, a wheel, and what a command is made of.

    pack.py PROJECT TARGET CONTENT FOLDER

Into the folder CONTENT, named guichets-TARGET, writes README.md, whose links lead to the repository, and THIRD-PARTY.txt: the
licences of what the command brings along. Of it, writes into FOLDER guichets-TARGET.tar.gz with its .sha256,
guichets-TARGET.spdx.json and a wheel.
"""

import base64
import gzip
import hashlib
import json
import re
import subprocess
import sys
import tarfile
import zipfile
from datetime import datetime, timezone
from pathlib import Path

# What the wheel of a system is called (PEP 600, 656, 425): what is linked with musl runs on every Linux. A wheel of a system that
# is not named here could be installed where it does not run, so none is made.
PLATFORMS = {
    "x86_64-unknown-linux-musl": "manylinux_2_17_x86_64.manylinux2014_x86_64.musllinux_1_1_x86_64",
    "aarch64-unknown-linux-musl": "manylinux_2_17_aarch64.manylinux2014_aarch64.musllinux_1_1_aarch64",
    "x86_64-unknown-linux-gnu": "linux_x86_64",
    "x86_64-apple-darwin": "macosx_11_0_x86_64",
    "aarch64-apple-darwin": "macosx_11_0_arm64",
    "x86_64-pc-windows-gnu": "win_amd64",
    "x86_64-pc-windows-msvc": "win_amd64",
}
# Names of the command, which alone may be run.
COMMANDS = ("guichets", "guichets.exe")
# How a file is called that holds a licence or names those to whom something belongs.
LICENCE = re.compile(r"(licen[cs]e|copying|copyright|notice|unlicense)", re.IGNORECASE)
# A link of Markdown to a file of the repository, and one that shows a picture.
LINK, PICTURE = re.compile(r"(?<=\]\()(?![a-z]+:|#)(?=[^)]+\))"), re.compile(r"(!\[[^\]]*\]\()(?![a-z]+:)")


def commit(project):
    """The commit and its moment, or none where there is no repository."""
    told = subprocess.run(["git", "-C", project, "log", "-1", "--format=%H %ct"], capture_output=True, encoding="utf-8")
    digest, moment = (told.stdout.split() + ["", "0"])[:2] if told.returncode == 0 else ("", "0")
    return digest, int(moment)


def archive(folder, path, moment):
    """The folder, with nothing in it that depends on where and when it was packed."""

    def plain(member):
        member.uid = member.gid = 0
        member.uname = member.gname = ""
        member.mtime = moment
        member.mode = 0o755 if member.isdir() or Path(member.name).name in COMMANDS else 0o644
        return member

    with open(path, "wb") as file, gzip.GzipFile("", "wb", fileobj=file, mtime=moment) as packed:
        with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as tar:
            tar.add(folder, folder.name, filter=plain)


def wheel(project, package, target, content, folder, moment):
    """The command as Python's installers take it (PEP 427): they lay what is under `scripts` where commands are found."""
    platform = PLATFORMS.get(target)
    if platform is None:
        return
    name, version = package["name"].replace("-", "_"), package["version"]
    command = next(content / name for name in COMMANDS if (content / name).is_file())
    info, data = f"{name}-{version}.dist-info", f"{name}-{version}.data"
    licences = sorted([*content.glob("LICENSE-*"), content / "THIRD-PARTY.txt"])
    tags = "".join(f"Tag: py3-none-{tag}\n" for tag in platform.split("."))
    metadata = [
        "Metadata-Version: 2.4",
        f"Name: {package['name']}",
        f"Version: {version}",
        f"Summary: {package['description']}",
        f"License-Expression: {package['license']}",
        *(f"License-File: {licence.name}" for licence in licences),
        f"Project-URL: Source, {package['repository']}",
        "Requires-Python: >=3.10",
        "Description-Content-Type: text/markdown",
    ]
    page = (content / "README.md").read_text(encoding="utf-8")
    files = {
        f"{name}.py": (Path(project) / ".ci" / f"{name}.py").read_bytes(),
        f"{data}/scripts/{command.name}": command.read_bytes(),
        **{f"{data}/data/share/man/man1/{page.name}": page.read_bytes() for page in sorted(content.glob("man1/*.1"))},
        f"{info}/METADATA": ("\n".join(metadata) + "\n\n" + page).encode(),
        f"{info}/WHEEL": f"Wheel-Version: 1.0\nGenerator: pack.py\nRoot-Is-Purelib: false\n{tags}".encode(),
        f"{info}/entry_points.txt": f"[console_scripts]\n{package['name']} = {name}:main\n".encode(),
        **{f"{info}/licenses/{licence.name}": licence.read_bytes() for licence in licences},
    }

    def recorded(bytes):
        digest = base64.urlsafe_b64encode(hashlib.sha256(bytes).digest()).rstrip(b"=").decode()
        return f"sha256={digest},{len(bytes)}"

    record = "".join(f"{path},{recorded(bytes)}\n" for path, bytes in files.items()) + f"{info}/RECORD,,\n"
    # A zip file knows no moment before 1980.
    date = datetime.fromtimestamp(max(moment, 315619200), timezone.utc).timetuple()[:6]
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-{platform}.whl", "w", zipfile.ZIP_DEFLATED) as packed:
        for path, bytes in {**files, f"{info}/RECORD": record.encode()}.items():
            member = zipfile.ZipInfo(path, date)
            member.compress_type = zipfile.ZIP_DEFLATED
            member.external_attr = (0o100755 if path.endswith(COMMANDS) else 0o100644) << 16
            packed.writestr(member, bytes)


def parts(project, target):
    """The crates that the command links on a system, its own first: neither those of tests nor those of other systems."""
    command = ["cargo", "metadata", "--format-version", "1", "--locked", "--filter-platform", target]
    told = subprocess.run(command, cwd=project, check=True, stdout=subprocess.PIPE, encoding="utf-8").stdout
    metadata = json.loads(told)
    nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
    root = metadata["resolve"]["root"]
    linked, waiting = set(), [root]
    while waiting:
        crate = waiting.pop()
        if crate not in linked:
            linked.add(crate)
            waiting += [
                dep["pkg"] for dep in nodes[crate]["deps"] if any(kind["kind"] is None for kind in dep["dep_kinds"])
            ]
    crates = (crate for crate in metadata["packages"] if crate["id"] in linked)
    return sorted(crates, key=lambda crate: (crate["id"] != root, crate["id"]))


def pages(project):
    """What the pages bring along that is no crate, in the form of crates: what reads Parquet in a browser, and the typeface."""
    browser = Path(project) / "src/site/browser"
    locked = json.loads((browser / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    script = (Path(project) / "src/site/assets/interroger.js").read_text(encoding="utf-8")
    head, modules = script.partition("*/")[0], []
    for name, part in locked.items():
        module = name.removeprefix("node_modules/")
        if re.search(rf"^{re.escape(module)} {re.escape(part.get('version', ''))}$", head, re.MULTILINE) and module:
            modules.append({"name": module, "version": part["version"], "license": part["license"], "type": "npm"})
    typeface = Path(project) / "data/police"
    version = re.search(r"\[Inter\]\(\S+\) (\d[\d.]*\d)", (typeface / "README.md").read_text(encoding="utf-8"))
    if not modules or not version:
        raise SystemExit("pack.py: what the pages bring along is not found")
    inter = {"name": "inter", "version": version[1], "license": "OFL-1.1", "type": "generic"}
    notices = [(modules, head.partition("It holds:")[2]), ([inter], (typeface / "OFL.txt").read_text(encoding="utf-8"))]
    return [*modules, inter], notices


def notices(crates, others):
    """The licences of all that the command brings along, each text once, under those of which it is."""
    texts = {}
    for crate in crates:
        folder = Path(crate["manifest_path"]).parent
        for file in sorted(folder.iterdir()):
            if file.is_file() and LICENCE.match(file.name):
                text = file.read_text(encoding="utf-8", errors="replace")
                texts.setdefault(" ".join(text.split()), (text, []))[1].append(crate)
    found = [(of, text) for text, of in texts.values()] + others

    def named(part):
        return f"{part['name']} {part['version']} ({part['license'] or 'see its source'})"

    blocks = [", ".join(map(named, of)) + "\n\n" + text.strip() for of, text in found]
    listed = "\n".join(sorted({named(crate) for crate in crates} | {named(part) for of, _ in others for part in of}))
    head = f"The command brings along:\n\n{listed}\n\nWhat their authors ask to be passed on:"
    return f"\n\n{'-' * 80}\n\n".join([head, *blocks]) + "\n"


def readme(text, repository, tag):
    """The page of the project, to be read outside of it."""
    text = PICTURE.sub(rf"\g<1>{repository}/raw/{tag}/", text)
    return LINK.sub(f"{repository}/blob/{tag}/", text)


def bill(parts, name, digest, moment):
    """SPDX 2.3 in JSON."""
    def package(number, part):
        return {
            "SPDXID": f"SPDXRef-{number}",
            "name": part["name"],
            "versionInfo": part["version"],
            "downloadLocation": part.get("repository") or "NOASSERTION",
            "licenseConcluded": "NOASSERTION",
            "licenseDeclared": (part["license"] or "NOASSERTION").replace("/", " OR "),
            "copyrightText": "NOASSERTION",
            "filesAnalyzed": False,
            "externalRefs": [
                {
                    "referenceCategory": "PACKAGE-MANAGER",
                    "referenceType": "purl",
                    "referenceLocator": f"pkg:{part.get('type', 'cargo')}/{part['name']}@{part['version']}",
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
        "packages": [package(number, part) for number, part in enumerate(parts)],
        "relationships": [
            {
                "spdxElementId": "SPDXRef-DOCUMENT",
                "relationshipType": "DESCRIBES",
                "relatedSpdxElement": f"SPDXRef-{number}",
            }
            for number in range(len(parts))
        ],
    }


def main():
    project, target, content, folder = sys.argv[1], sys.argv[2], Path(sys.argv[3]), Path(sys.argv[4])
    digest, moment = commit(project)
    crates = parts(project, target)
    others, theirs = pages(project)
    (content / "THIRD-PARTY.txt").write_text(notices(crates[1:], theirs), encoding="utf-8", newline="\n")
    text = (Path(project) / "README.md").read_text(encoding="utf-8")
    page = readme(text, crates[0]["repository"], f"v{crates[0]['version']}")
    (content / "README.md").write_text(page, encoding="utf-8", newline="\n")
    packed = folder / f"{content.name}.tar.gz"
    archive(content, packed, moment)
    sha256 = hashlib.sha256(packed.read_bytes()).hexdigest()
    # In the form that sha256sum --check reads.
    Path(f"{packed}.sha256").write_text(f"{sha256}  {packed.name}\n", encoding="utf-8", newline="\n")
    wheel(project, crates[0], target, content, folder, moment)
    listed = bill([*crates, *others], content.name, digest, moment)
    text = json.dumps(listed, indent=1, ensure_ascii=False) + "\n"
    (folder / f"{content.name}.spdx.json").write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
