"""
A process that judges the import contracts of a copied tree, again and again.

It stands apart from the tests because the linter finds packages through the running interpreter, which knows the
real tree; here `plexsphere` and `plexd` are pointed at the copy before anything asks for them. Each line read asks
for one verdict; each line written is one, a JSON object.
"""

import json
import sys
from importlib.machinery import ModuleSpec
from importlib.util import module_from_spec
from pathlib import Path
from typing import Final

from importlinter import Contract
from importlinter.application.use_cases import create_report, read_user_options
from importlinter.configuration import configure
from importlinter.contracts.acyclic_siblings import AcyclicSiblingsContract
from importlinter.contracts.forbidden import ForbiddenContract
from importlinter.contracts.independence import IndependenceContract
from importlinter.contracts.layers import LayersContract
from importlinter.contracts.protected import ProtectedContract
from importlinter.domain.contract import registry

from tests.architecture.stdlib_only import StdlibOnlyContract
from tests.architecture.tree import PORTIONS

TYPES: Final[dict[str, type[Contract]]] = {
    "acyclic_siblings": AcyclicSiblingsContract,
    "forbidden": ForbiddenContract,
    "independence": IndependenceContract,
    "layers": LayersContract,
    "protected": ProtectedContract,
    "stdlib_only": StdlibOnlyContract,
}


def main(root: Path) -> None:
    """Answer until the input ends."""
    answers, sys.stdout = sys.stdout, sys.stderr
    configure()
    for name, contract in TYPES.items():
        registry.register(contract, name)
    _point("plexsphere", [root / portion / "plexsphere" for portion in PORTIONS])
    _point("plexd", [root / "agent/plexd"])
    for _ in sys.stdin:
        print(json.dumps(_verdict(root)), file=answers, flush=True)


def _point(package: str, places: list[Path]) -> None:
    spec = ModuleSpec(package, None, is_package=True)
    spec.submodule_search_locations = [str(place) for place in places]
    sys.modules[package] = module_from_spec(spec)


def _verdict(root: Path) -> dict[str, object]:
    try:
        return {"broken": _broken(root)}
    except Exception as error:
        return {"failure": f"{type(error).__name__}: {error}"}


def _broken(root: Path) -> list[str]:
    options = read_user_options(str(root / "pyproject.toml"))
    report = create_report(options, cache_dir=str(root / ".cache"))
    kept = {contract.name: check.kept for contract, check in report.get_contracts_and_checks()}
    ids = {each["name"]: each["id"] for each in options.contracts_options}
    return sorted(ids[name] for name in ids if not kept[name])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
