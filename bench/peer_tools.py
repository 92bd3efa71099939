"""What the comparisons with other libraries share: programs that must succeed, our build, and an environment of pinned peers."""

import pathlib
import subprocess
import sys
import venv

ROOT = pathlib.Path(__file__).resolve().parent.parent


def run(command, **how):
    """What the command prints; ends the program where it fails."""
    done = subprocess.run(command, capture_output=True, text=True, **how)
    if done.returncode != 0:
        sys.exit(f"{pathlib.Path(sys.argv[0]).name}: {command[0]} failed:\n{done.stderr}")
    return done.stdout


def build(*targets):
    """The folder of the release build, in which these targets are up to date."""
    folder = ROOT / "build/release"
    run(["cmake", "-S", ROOT, "-B", folder, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release"])
    run(["cmake", "--build", folder, "--target", *targets])
    return folder


def environment(folder, packages):
    """The Python of a virtual environment in the folder that has these packages; made once."""
    python, installed = folder / "venv/bin/python", folder / "venv/installed"
    if not installed.exists() or installed.read_text() != "\n".join(packages):
        venv.create(folder / "venv", with_pip=True)
        run([python, "-m", "pip", "install", "--quiet", *packages])
        installed.write_text("\n".join(packages))
    return python
