"""Python filters: functions of a folder, loaded by path and referred to as `module.function`."""

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

PythonFilter = Callable[[Any], Any]


def refusal(error: Exception) -> str | None:
    """Return what a filter says of data that it refuses, null for any other failure.

    A filter refuses by raising an exception called `Refused`; filters import nothing of ours.
    """
    return str(error) if type(error).__name__ == "Refused" else None


class UnknownFilterError(Exception):
    """No such filter; `known` are the names there are."""

    def __init__(self, known: list[str]) -> None:
        super().__init__("unknown Python filter")
        self.known = known


class BrokenFilterError(Exception):
    """A module of filters that can't be imported."""


class PythonFilters:
    """The filters of one folder; modules are imported when first asked for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._package = f"_filters_{abs(hash(str(folder.resolve()))):x}"

    def modules(self) -> list[str]:
        """Return the names of the modules of the folder, sorted."""
        if not self.folder.is_dir():
            return []
        return sorted(p.stem for p in self.folder.glob("*.py") if not p.stem.startswith("_"))

    def known(self) -> list[str]:
        """Return every `module.function` of the folder."""
        return [
            f"{module}.{function}"
            for module in self.modules()
            for function in self.module(module).__all__
        ]

    def find(self, name: str) -> PythonFilter:
        """Return the function; raises UnknownFilterError or BrokenFilterError."""
        module, _, function = name.partition(".")
        if module in self.modules():
            loaded = self.module(module)
            if function in loaded.__all__:
                found: PythonFilter = getattr(loaded, function)
                return found
        raise UnknownFilterError(self.known())

    def native(self) -> Path:
        """Return the file of the native forms: `module.function: [platform filters]`."""
        return self.folder / "native.yaml"

    def module(self, name: str) -> ModuleType:
        """Import one module of the folder; raises BrokenFilterError."""
        if self._package not in sys.modules:
            self._import(self._package, self.folder / "__init__.py", package=True)
        full = f"{self._package}.{name}"
        return sys.modules.get(full) or self._import(full, self.folder / f"{name}.py")

    def _import(self, name: str, path: Path, *, package: bool = False) -> ModuleType:
        locations = [str(self.folder)] if package else None
        spec = importlib.util.spec_from_file_location(
            name, path, submodule_search_locations=locations
        )
        assert spec is not None  # noqa: S101 - a path that ends in .py always has a loader
        assert spec.loader is not None  # noqa: S101
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        problem = None
        try:
            if not package or path.is_file():
                spec.loader.exec_module(module)
            if not package and not hasattr(module, "__all__"):
                problem = "names no filters in __all__"
        except Exception as error:  # noqa: BLE001 - whatever a filter's author wrote
            problem = f"can't be imported: {type(error).__name__}: {error}"
        if problem is not None:
            del sys.modules[name]
            raise BrokenFilterError(f"{path.name} {problem}")
        return module
