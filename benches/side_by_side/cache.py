"""What is made once and kept under target/: the logs with their pipeline, and the Python of the other programs."""

import hashlib
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parent.parent
PACKINGS = ["gzip", "zstd", "none"]

COLUMNS = (
    "guichet_id,nom,type,departement,departement_iso,departement_nom,region,region_nom,commune_insee,commune_nom,"
    "arrondissement_insee,arrondissement_nom,tribunal_administratif,tribunal_note,fuseau_horaire,fictif,valide_du,"
    "valide_au,source"
)


class Input:
    """Simulated logs in a folder, the pipeline that reads them, and what is known of them."""

    def __init__(self, folder):
        self.folder = folder
        self.pipeline = folder / "pipeline"
        self.files = sorted(str(path) for path in folder.glob("attempts-*.ndjson*"))
        self.packed = sum(Path(path).stat().st_size for path in self.files)
        self.summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))

    @property
    def lines(self):
        return self.summary["attempts"] + self.summary["duplicates"]


def logs(cache, binary, project, attempts, files, compression):
    """The logs of this size, cut and packing, simulated unless they are there already, and their pipeline."""
    scenario = (HERE / "scenario.toml").read_text(encoding="utf-8")
    if files == "day":
        scenario = scenario.replace('files = "month"', 'files = "day"')
    digest = hashlib.sha256(scenario.encode()).hexdigest()[:8]
    folder = cache / f"logs-{attempts}-{files}-{compression}-{digest}"
    if not (folder / "summary.json").is_file():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        (folder / "scenario.toml").write_text(scenario, encoding="utf-8")
        command = [binary, "--project", project, "--json", "simulate", folder / "scenario.toml", "--out", folder]
        command += ["--attempts", str(attempts), "--compression", compression]
        told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        (folder / "summary.json").write_text(told, encoding="utf-8")
    pipeline(folder, project.resolve(), scenario, attempts)
    return Input(folder)


def pipeline(folder, project, scenario, attempts):
    """The pipeline, with a registry in which each made-up counter stands under every name that it may bear."""
    shutil.copytree(HERE / "pipeline", folder / "pipeline", dirs_exist_ok=True)
    registry = folder / "registry"
    registry.mkdir(exist_ok=True)
    settings = folder / "pipeline" / "pipeline.toml"
    text = settings.read_text(encoding="utf-8").replace("@registry@", str(registry)).replace("@project@", str(project))
    settings.write_text(text, encoding="utf-8")
    counters = sorted(set(re.findall(r'^counter = "(.+)"$', scenario, re.MULTILINE)))
    # The simulator repeats the services until there are enough attempts; one round of them is more than 20 000.
    copies = ["", *(f"-{copy:03}" for copy in range(2, attempts // 20_000 + 3))]
    rows = [
        f"{counter}{copy},Préfecture fictive {counter}{copy},prefecture,9Z,,Département fictif,,Région fictive,,"
        f"Commune fictive,,,,,Europe/Paris,true,2019-02-01,,scénario simulé"
        for counter in counters
        for copy in copies
    ]
    (registry / "guichets.csv").write_text("\n".join([COLUMNS, *rows, ""]), encoding="utf-8")


def python(cache):
    """The interpreter of an environment that holds what requirements.txt pins, made once."""
    wanted = (HERE / "requirements.txt").read_bytes() + sys.version.encode()
    folder = cache / f"python-{hashlib.sha256(wanted).hexdigest()[:12]}"
    interpreter = folder / "bin" / "python"
    if not (folder / "ready").is_file():
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        pip = [interpreter, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"]
        subprocess.run([*pip, HERE / "requirements.txt"], check=True)
        (folder / "ready").touch()
    return interpreter
