"""Each image has the modules that its service imports: what the recipe copies is enough."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
RECIPE = ROOT / "deploy/images/Dockerfile"
IMPORT_ALL = """
import importlib, pkgutil, services
for module in pkgutil.walk_packages(services.__path__, "services."):
    importlib.import_module(module.name)
"""


def copied() -> dict[str, list[str]]:
    """Target -> the sources of its COPY lines and of those of the targets below it; the checkout's only."""
    targets: dict[str, list[str]] = {}
    for line in RECIPE.read_text().splitlines():
        match line.split():
            case ["FROM", below, "AS", name]:
                target = name
                targets[target] = list(targets.get(below, ()))
            case ["COPY", *sources, _] if not sources[0].startswith("--"):
                targets[target] += sources
    return targets


def assemble(target: str, folder: Path) -> None:
    """Copy into the folder what the image has of the checkout."""
    for pattern in copied()[target]:
        for found in ROOT.glob(pattern):
            to = folder / found.relative_to(ROOT)
            to.parent.mkdir(parents=True, exist_ok=True)
            if found.is_dir():
                shutil.copytree(found, to, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(found, to)


@pytest.mark.parametrize("target", ["ingest", "enrich", "index"])
def test_an_image_can_import_all_that_it_holds(target: str, tmp_path: Path) -> None:
    assemble(target, tmp_path)
    assert (tmp_path / "services" / target / "__main__.py").exists()
    done = subprocess.run([sys.executable, "-c", IMPORT_ALL], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_image_of_kibanas_objects_can_make_them(tmp_path: Path) -> None:
    assemble("kibana", tmp_path)
    command = [sys.executable, "-m", "deploy.kibana", "check"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
