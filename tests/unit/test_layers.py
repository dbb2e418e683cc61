"""The layers of the library: a module imports from its own layer's folder and from layers below."""

from collections.abc import Iterator
from itertools import pairwise

import grimp
import pytest

# From the top down. Folders and modules in one line are siblings, which do not import each other.
LAYERS = (
    {"__main__"},
    {"cli"},
    {
        *("backtest", "dbt_plugin", "erasure", "model_import", "notifications", "onboarding"),
        *("recovery", "replay", "report"),
    },
    {"lineage", "schedule", "serving", "training"},
    {"scoring"},
    {"explanations"},
    {"models"},
    {"uncertainty"},
    {"contracts", "features", "raw"},
    {"warehouse"},
    {"integrity"},
    {"clock"},
    {"project"},
    {"errors"},
)
LIBRARY = "python_scoring"


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    return grimp.build_graph(LIBRARY, cache_dir=None)


def found(graph: grimp.ImportGraph) -> Iterator[str]:
    """Each import that goes up, or to a sibling."""
    level = {name: number for number, names in enumerate(LAYERS) for name in names}
    for importer in sorted(graph.modules - {LIBRARY}):
        for imported in sorted(graph.find_modules_directly_imported_by(importer) - {LIBRARY}):
            above, below = importer.split(".")[1], imported.split(".")[1]
            if above != below and level[above] >= level[below]:
                yield f"{importer} imports {imported}"


def circles(graph: grimp.ImportGraph) -> Iterator[str]:
    """Modules that import each other, directly or through others."""
    for module in sorted(graph.modules):
        for imported in sorted(graph.find_modules_directly_imported_by(module)):
            if back := graph.find_shortest_chain(imported, module):
                yield " -> ".join((module, *back))


def test_every_module_has_a_layer(graph: grimp.ImportGraph) -> None:
    named = {child.split(".")[1] for child in graph.find_children(LIBRARY)}
    assert named == set().union(*LAYERS)


def test_no_module_imports_from_a_layer_above(graph: grimp.ImportGraph) -> None:
    assert list(found(graph)) == []


def test_no_modules_import_each_other(graph: grimp.ImportGraph) -> None:
    assert list(circles(graph)) == []


def test_an_introduced_circle_is_found() -> None:
    """Both kinds: a layer that imports one above, and two modules of one folder."""
    changed = grimp.build_graph(LIBRARY, cache_dir=None)
    changed.add_import(importer=f"{LIBRARY}.errors", imported=f"{LIBRARY}.warehouse")
    assert list(found(changed)) == [f"{LIBRARY}.errors imports {LIBRARY}.warehouse"]
    names = [f"{LIBRARY}.models.{name}" for name in ("artifacts", "registry")]
    changed = grimp.build_graph(LIBRARY, cache_dir=None)
    assert not [circle for circle in circles(changed) if names[0] in circle]
    for importer, imported in pairwise([*names, names[0]]):
        changed.add_import(importer=importer, imported=imported)
    assert [circle for circle in circles(changed) if names[0] in circle]
