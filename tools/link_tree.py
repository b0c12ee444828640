"""Make .links/firstbad/{tracer,sim,bisect,ui}: what a type checker needs to resolve `firstbad.…` by path."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def main() -> None:
    home = ROOT / ".links" / "firstbad"
    home.mkdir(parents=True, exist_ok=True)
    for name in ("tracer", "sim", "bisect", "ui"):
        link = home / name
        if not link.is_symlink():
            link.symlink_to(ROOT / name, target_is_directory=True)


if __name__ == "__main__":
    main()
