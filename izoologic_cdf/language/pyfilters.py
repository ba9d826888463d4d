"""Python filters: functions of a folder, loaded by path and referred to as `module.function`."""

import ast
import importlib.util
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any, cast

from izoologic_cdf.errors import CdfError

PythonFilter = Callable[[Any], Any]


def refusal(error: BaseException) -> str | None:
    """Return what a filter says of data that it refuses, null for any other failure.

    A filter refuses by raising an exception called `Refused`; filters import nothing of ours.
    """
    return str(error) if type(error).__name__ == "Refused" else None


def places_of_filters(path: Path) -> tuple[Path, Path]:
    """Return where the filters of a definition file can be: in its folder, or beside that."""
    folder = path.resolve().parent
    return folder / "filters", folder.parent / "filters"


class UnknownFilterError(CdfError):
    """No such filter; `known` are the names there are."""

    def __init__(self, known: list[str]) -> None:
        super().__init__("unknown Python filter")
        self.known = known


class BrokenFilterError(CdfError):
    """A module of filters that cannot be used; the message begins with file and line."""


class PythonFilters:
    """The filters of one folder; a module is imported when a filter of it is first needed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._package = f"_filters_{abs(hash(str(folder.resolve()))):x}"

    def modules(self) -> list[str]:
        """Return the names of the modules of the folder, sorted."""
        if not self.folder.is_dir():
            return []
        return sorted(p.stem for p in self.folder.glob("*.py") if not p.stem.startswith("_"))

    def known(self) -> list[str]:
        """Return every `module.function` of the modules that can be read."""
        known = []
        for module in self.modules():
            try:
                known += [f"{module}.{function}" for function in self.named(module)]
            except BrokenFilterError:
                continue
        return known

    def named(self, module: str) -> list[str]:
        """Return the filters of a module, as `__all__` names them; nothing is run.

        Raises:
            BrokenFilterError: the module cannot be read, or names none.
        """
        for statement in self.tree(module).body:
            if isinstance(statement, ast.Assign | ast.AnnAssign) and _is_all(statement):
                try:
                    listed = ast.literal_eval(statement.value) if statement.value else ()
                    return [str(name) for name in listed]
                except (ValueError, TypeError):
                    break
        path = self.folder / f"{module}.py"
        raise BrokenFilterError(f"{path}:1: names no filters: expected a list __all__")

    def tree(self, module: str) -> ast.Module:
        """Return a module as it is written; raises BrokenFilterError."""
        path = self.folder / f"{module}.py"
        try:
            return ast.parse(path.read_bytes(), str(path))
        except SyntaxError as error:
            raise BrokenFilterError(_not_python(path, error)) from None
        except (OSError, ValueError) as error:
            raise BrokenFilterError(f"{path}:1: cannot be read: {error}") from None

    def find(self, name: str) -> PythonFilter:
        """Return the function; raises UnknownFilterError or BrokenFilterError."""
        module, _, function = name.partition(".")
        if module not in self.modules():
            raise UnknownFilterError(self.known())
        loaded = self.module(module)
        if function not in getattr(loaded, "__all__", ()):
            # names that cannot be read are a fault of their own
            self.named(module)
            raise UnknownFilterError(self.known())
        found = getattr(loaded, function, None)
        if not callable(found):
            path = self.folder / f"{module}.py"
            raise BrokenFilterError(f"{path}:1: {function!r} of its __all__ is not a function")
        return cast("PythonFilter", found)

    def summary(self, name: str) -> str:
        """Return the first line of a filter's docstring, from its source: `python -OO` has none.

        Raises:
            BrokenFilterError: the module cannot be read.
        """
        module, _, function = name.partition(".")
        found = [one for one in self.tree(module).body if isinstance(one, ast.FunctionDef)]
        docs = (ast.get_docstring(one) or "" for one in found if one.name == function)
        return next(docs, "").partition("\n")[0]

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
        if spec is None or spec.loader is None:
            raise BrokenFilterError(f"{path}:1: is not a Python module")
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        try:
            if not package or path.is_file():
                spec.loader.exec_module(module)
        except SyntaxError as error:
            del sys.modules[name]
            raise BrokenFilterError(_not_python(path, error)) from None
        except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a filter's author wrote
            del sys.modules[name]
            frames = traceback.extract_tb(error.__traceback__)
            inside = [one for one in frames if Path(one.filename).parent == self.folder]
            at = f"{inside[-1].filename}:{inside[-1].lineno}" if inside else f"{path}:1"
            problem = f"{type(error).__name__}: {error}"
            raise BrokenFilterError(f"{at}: cannot be imported: {problem}") from None
        return module


def _is_all(statement: ast.Assign | ast.AnnAssign) -> bool:
    targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
    return any(isinstance(target, ast.Name) and target.id == "__all__" for target in targets)


def _not_python(path: Path, error: SyntaxError) -> str:
    place = f"{error.filename or path}:{error.lineno or 1}:{max(error.offset or 1, 1)}"
    return f"{place}: not valid Python: {error.msg}"
