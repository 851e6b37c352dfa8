"""`paramlint clean`: the cache goes."""

from __future__ import annotations

import click


@click.command()
@click.option("--cache-dir", metavar="DIR", help="Delete this cache instead of the project's own.")
def clean(cache_dir: str | None) -> None:
    """Delete the cache of the project, `.paramlint_cache`."""
    from paramlint.config.settings import ConfigError, find
    from paramlint.engine.cache.folder import CacheFolderError
    from paramlint.frontends.cli.project.project_folders import cache_folder, project_root
    from paramlint.frontends.report.plain import plain

    try:
        folder = cache_folder(project_root(find(()).files[:1]), cache_dir)
        gone = folder.clean()
    except (CacheFolderError, ConfigError) as error:
        raise click.ClickException(str(error)) from None
    except OSError as error:
        raise click.FileError(error.filename or ".", error.strerror) from None
    click.echo(f"{plain(folder.path)} {'is deleted' if gone else 'is not there'}", err=True)
