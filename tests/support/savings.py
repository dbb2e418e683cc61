"""Work of dbt that the tests' commands skip; no result depends on it.

For the fork server. Subprocesses with their own interpreter skip nothing.
"""

import functools
from typing import Any

from dbt.clients.jinja import MacroGenerator
from dbt.compilation import Linker
from dbt.context.configured import ConfiguredContext
from dbt.context.macros import MacroNamespace, MacroNamespaceBuilder
from dbt.context.manifest import ManifestContext
from dbt.contracts.graph.manifest import Manifest
from dbt.parser.manifest import ManifestLoader
from dbt.plugins.manager import PluginManager
from dbt.task import runnable
from dbt_common.behavior_flags import BehaviorFlagRendered
from dbt_common.clients import agate_helper
from dbt_common.clients.jinja import MacroFuzzEnvironment
from dbt_common.events.base_types import BaseEvent, EventLevel
from dbt_common.events.event_manager import EventManager

from python_scoring.project import PROJECT, dbt_speed
from python_scoring.schedule import unchanged


def save() -> None:
    """Skip everything that does not prevent parsing the project."""
    leave_out_debug_events()
    leave_out_callers_of_flags()
    leave_out_look_at_graph()
    dbt_speed.write_json_at_once()
    compile_templates_once()
    flatten_macros_at_once()
    share_type_testers()
    look_for_plugins_once()


def save_for(manifest: Manifest) -> None:
    """Skip what depends on the project alone, for commands that run on this parse of it."""
    link_graph_once(manifest)
    read_definitions_once()


def leave_out_debug_events() -> None:
    """Drop 2,500 events of a build that only a debug log, which tests do not have, would hold."""
    fire_event, fill = EventManager.fire_event, BaseEvent.__init__

    def fire(
        manager: EventManager, event: BaseEvent, level: EventLevel | None = None, **more: Any
    ) -> None:
        if (level or event.level_tag()) != EventLevel.DEBUG:
            if event.level_tag() == EventLevel.DEBUG:
                fill(event, **vars(event).pop("unread"))
            fire_event(manager, event, level, **more)

    def keep(event: BaseEvent, *args: Any, **values: Any) -> None:
        if event.level_tag() == EventLevel.DEBUG and not args:
            vars(event)["unread"] = values
        else:
            fill(event, *args, **values)

    EventManager.fire_event = fire  # type: ignore[assignment,method-assign]
    BaseEvent.__init__ = keep  # type: ignore[assignment,method-assign]


def leave_out_callers_of_flags() -> None:
    """Name no module that asks for a behaviour flag: dbt walks the stack for it."""
    BehaviorFlagRendered._default_source = staticmethod(lambda: "tests")  # type: ignore[method-assign]  # noqa: SLF001


def leave_out_second_files() -> None:
    """Keep dbt's parse only where it could not start from an earlier one.

    Any other parse of a changed copy is as soon made again as read. Nothing reads the manifest that
    dbt writes again at its end.
    """
    write_parse = ManifestLoader.write_manifest_for_partial_parse

    def write(loader: ManifestLoader) -> None:
        if loader.saved_manifest is None:
            write_parse(loader)  # type: ignore[no-untyped-call]

    ManifestLoader.write_manifest_for_partial_parse = write  # type: ignore[method-assign]
    runnable.write_manifest = lambda *_: None  # type: ignore[attr-defined]


def link_graph_once(manifest: Manifest) -> None:
    """Reuse the graph of the project, without and with the edges of its tests."""
    link, add_edges = Linker.link_graph, Linker.add_test_edges
    linked, with_tests = Linker(), Linker()
    for linker in (linked, with_tests):
        link(linker, manifest)
    manifest.build_parent_and_child_maps()  # type: ignore[no-untyped-call]
    add_edges(with_tests, manifest)
    nodes = len(manifest.nodes)

    def is_known(other: Manifest) -> bool:
        """A query of the command line (`show --inline`) is a node more."""
        return other is manifest and len(other.nodes) == nodes

    def link_once(linker: Linker, other: Manifest) -> None:
        if is_known(other):
            linker.graph = linked.graph
        else:
            link(linker, other)

    def add_once(linker: Linker, other: Manifest) -> None:
        if is_known(other):
            linker.graph = with_tests.graph
        else:
            add_edges(linker, other)

    Linker.link_graph = link_once  # type: ignore[assignment, method-assign]
    Linker.add_test_edges = add_once  # type: ignore[assignment, method-assign]


def read_definitions_once() -> None:
    """Digest the project's files once: a command in another folder imports the library anew."""
    read, found = unchanged.definitions_of, unchanged.definitions_of(PROJECT)
    unchanged.definitions_of = lambda project: found if project == PROJECT else read(project)


def look_for_plugins_once() -> None:
    """Look through the installed modules for plugins of dbt once."""
    found = PluginManager.get_prefixed_modules()  # type: ignore[no-untyped-call]
    PluginManager.get_prefixed_modules = staticmethod(lambda: found)  # type: ignore[method-assign]


def leave_out_look_at_graph() -> None:
    """Skip the description of the graph in a file, and the search for cycles."""
    Linker.get_graph_summary = lambda *_: {}  # type: ignore[method-assign]
    Linker.find_cycles = lambda _: None  # type: ignore[method-assign]


def compile_templates_once() -> None:
    """Reuse the compiled Jinja of all models, which parsing has made."""
    compile_template = MacroFuzzEnvironment.compile
    compiled: dict[str, Any] = {}

    def compile_once(environment: Any, source: Any, *arguments: Any, **options: Any) -> Any:
        if arguments or options or not isinstance(source, str):
            return compile_template(environment, source, *arguments, **options)
        if source not in compiled:
            compiled[source] = compile_template(environment, source)
        return compiled[source]

    MacroFuzzEnvironment.compile = compile_once  # type: ignore[assignment,method-assign]


def flatten_macros_at_once() -> None:
    """Build the 900 macros of each of a build's 250 contexts with a fifth of the calls."""

    def build(
        builder: MacroNamespaceBuilder, by_package: dict[str, dict[str, Any]], context: Any
    ) -> MacroNamespace:
        made = {
            package: {
                name: MacroGenerator(macro, context, builder.node, builder.thread_ctx)
                for name, macro in macros.items()
            }
            for package, macros in by_package.items()
        }
        internal: dict[str, Any] = {}
        for package in reversed(builder.internal_package_names_order):
            internal.update(made.get(package, {}))
        own = {name: made[name] for name in made if name not in builder.internal_package_names}
        search, root = builder.search_package, builder.root_package
        return MacroNamespace(
            global_namespace=own.get(root, {}) if root != search else {},
            local_namespace=own.get(search, {}),
            global_project_namespace=internal,
            packages=own,
        )

    def flat(context: ManifestContext) -> dict[str, Any]:
        found: dict[str, Any] = ConfiguredContext.to_dict(context)
        if not isinstance(context.namespace, MacroNamespace):
            found.update(context.namespace.local_namespace)
            found.update(context.namespace.project_namespace)
            return found
        for names in reversed([*context.namespace._search_order()]):  # noqa: SLF001
            found.update(names)
        return found

    MacroNamespaceBuilder.build_namespace = build  # type: ignore[assignment,method-assign]
    ManifestContext.to_dict = flat  # type: ignore[method-assign]


def share_type_testers() -> None:
    """Share the type testers of queries whose text columns have the same names, and no rows."""
    build = functools.lru_cache(agate_helper.build_type_tester)
    agate_helper.empty_table = functools.cache(agate_helper.empty_table)
    agate_helper.empty_table()

    def shared(text_columns: Any, string_null_values: Any = ("null", "")) -> Any:
        return build(tuple(sorted(text_columns)), tuple(string_null_values))

    agate_helper.build_type_tester = shared
