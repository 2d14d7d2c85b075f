"""The command `guichets`, as `python -m guichets_ouverts` and `uvx guichets-ouverts` find it."""

import os
import subprocess
import sys
import sysconfig


def command():
    """Where an installer has put it: beside what was called, or where this Python, or its user, has commands."""
    name = "guichets" + (sysconfig.get_config_var("EXE") or "")
    schemes = [None, sysconfig.get_preferred_scheme("user")]
    folders = [sysconfig.get_path("scripts", scheme) if scheme else sysconfig.get_path("scripts") for scheme in schemes]
    for folder in [os.path.dirname(os.path.abspath(sys.argv[0])), *folders]:
        path = os.path.join(folder, name)
        if os.path.isfile(path):
            return path
    sys.exit(f"{name} is in none of the folders where commands are; install guichets-ouverts again")


def main():
    path = command()
    if os.name == "nt":
        sys.exit(subprocess.call([path, *sys.argv[1:]]))
    os.execv(path, [path, *sys.argv[1:]])


if __name__ == "__main__":
    main()
