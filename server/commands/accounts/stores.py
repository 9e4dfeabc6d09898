"""Commands about stores."""

from typing import Annotated

import typer

from protocol.texts import spelt_out
from server.commands.data_dir import DataDir
from server.commands.owner_work import Run


def add_store_commands(app: typer.Typer, run: Run) -> None:
    """Add ``store``."""
    store = typer.Typer(no_args_is_help=True, help="Add, list and change stores.")
    app.add_typer(store, name="store")

    @store.command("add")
    def add(
        store_id: Annotated[str, typer.Argument(help="Id of the store: lowercase letters, digits and -.")],
        name: Annotated[str, typer.Option(help="Name of the store, as people see it.")],
        state: Annotated[str, typer.Option(help="State that the store is in, such as OH.")],
        group: Annotated[
            str, typer.Option(help="Group whose stock the store can sell. A new name creates the group.")
        ],
        like: Annotated[
            str | None, typer.Option(help="Store to copy fees and terms from.", show_default=False)
        ] = None,
        data_dir: DataDir = None,
    ) -> None:
        """Add a store."""
        from server.database.people.staff import add_store

        run(
            data_dir,
            lambda database: add_store(database, store_id, name=name, state=state, group_id=group, like=like),
        )
        print(f"store {store_id} added")

    @store.command("change")
    def change(
        store_id: Annotated[str, typer.Argument(help="The store's id.")],
        score_edges: Annotated[
            str | None,
            typer.Option(
                help="Show salespeople a score from 1 to 5 in the place of an NPV: the least NPVs of the"
                " scores 2 to 5 in cents, such as 0,50000,100000,200000; or none, to show the NPV.",
                show_default=False,
            ),
        ] = None,
        cash_step_cents: Annotated[
            int | None,
            typer.Option(
                help="Round found amounts of cash up to whole steps of this many cents; 1: to the cent.",
                show_default=False,
            ),
        ] = None,
        grid_step_cents: Annotated[
            int | None,
            typer.Option(help="Cents between the columns of the pencil grid.", show_default=False),
        ] = None,
        data_dir: DataDir = None,
    ) -> None:
        """Change a store's settings. Open screens change too."""
        from server.database.people.staff import set_score_edges, set_steps

        steps = cash_step_cents is not None or grid_step_cents is not None
        if score_edges is None and not steps:
            raise typer.BadParameter("expected at least one option that changes something")
        if steps:
            run(
                data_dir,
                lambda database: set_steps(
                    database, store_id, cash_cents=cash_step_cents, grid_cents=grid_step_cents
                ),
            )
        if score_edges is not None:
            edges = _edges(score_edges)
            run(data_dir, lambda database: set_score_edges(database, store_id, edges))
        print(f"store {store_id} changed")

    @store.command("list")
    def list_all(data_dir: DataDir = None) -> None:
        """List the stores."""
        from server.database.people.staff import list_stores

        for row in run(data_dir, list_stores):
            print(spelt_out("  ".join(row)))


def _edges(text: str) -> list[int] | None:
    """Return the amounts of an option; None for `none`. Raises StaffError."""
    from server.database.people.staff import StaffError

    if text == "none":
        return None
    try:
        return [int(part) for part in text.split(",")]
    except ValueError:
        raise StaffError("score-edges", "expected four increasing amounts in cents, or none") from None
