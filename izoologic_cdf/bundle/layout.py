"""Where each file of the zip is, and the limits of a zip: the one place for these facts."""

from dataclasses import dataclass

NAME = "izoologic-sync-cases"
DEFINITION = "izoologic_sync_cases.yaml"
GUIDE = "GUIDE.md"
GUIDE_PAGE = "GUIDE.html"
CHANGELOG = "CHANGELOG.md"
LOGO = "logo.png"
MANIFEST = "MANIFEST.json"
# the guide calls the folder of the custom object so (I-46)
OBJECT_FOLDER = "izoologic_cdf"
OBJECT_DEFINITION = f"{OBJECT_FOLDER}/account.json"
OBJECT_INSTALLER = f"{OBJECT_FOLDER}/install.sh"
OBJECT_ICON = f"{OBJECT_FOLDER}/images/account.svg"
OBJECT_CODE = "account"
# the approval checklist wants a logo of this size, in pixels
LOGO_SIZE = (240, 112)
# in bytes: a bundle is small, and what is larger is none
MAX_MEMBER = 4 * 1024 * 1024
MAX_ZIP = 16 * 1024 * 1024
MAX_MEMBERS = 64


@dataclass(frozen=True, slots=True)
class Member:
    """One file of the zip: its place, where it comes from, and whether it can be executed."""

    path: str
    # content folder and path in it; null for what is made by the build
    source: tuple[str, str] | None
    executable: bool = False


MEMBERS: tuple[Member, ...] = (
    Member(DEFINITION, None),
    Member(OBJECT_DEFINITION, ("custom_objects", "account.json")),
    Member(OBJECT_INSTALLER, ("custom_objects", "install.sh"), executable=True),
    Member(OBJECT_ICON, ("custom_objects", "images/account.svg")),
    Member(GUIDE, ("docs", "bundle/GUIDE.md")),
    Member(GUIDE_PAGE, None),
    Member(CHANGELOG, ("CHANGELOG.md", "")),
    Member(LOGO, ("docs", "bundle/logo.png")),
    Member(MANIFEST, None),
)


def zip_name(version: str) -> str:
    """Return the name of the zip of a version."""
    return f"{NAME}-{version}.zip"
