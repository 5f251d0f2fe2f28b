"""The media type of an item, from its first bytes and its name: the machine's own tables are not read."""

from __future__ import annotations

from pathlib import PurePosixPath

ZIP = "application/zip"
TAR = "application/x-tar"
GZIP = "application/gzip"
PARQUET = "application/vnd.apache.parquet"
JSON = "application/json"
NDJSON = "application/x-ndjson"
CSV = "text/csv"
UNKNOWN = "application/octet-stream"

ARCHIVES = (ZIP, TAR, GZIP)

_BY_MAGIC = (
    (0, b"PAR1", PARQUET),
    (0, b"PK\x03\x04", ZIP),
    (0, b"PK\x05\x06", ZIP),
    (0, b"\x1f\x8b", GZIP),
    (0, b"%PDF-", "application/pdf"),
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF8", "image/gif"),
    (8, b"WEBP", "image/webp"),
    (4, b"ftyp", "video/mp4"),
    (0, b"\x1aE\xdf\xa3", "video/webm"),
    (0, b"SQLite format 3\0", "application/vnd.sqlite3"),
    (257, b"ustar", TAR),
)
_BY_SUFFIX = {
    ".csv": CSV,
    ".html": "text/html",
    ".js": "text/javascript",
    ".json": JSON,
    ".jsonl": NDJSON,
    ".jsonld": "application/ld+json",
    ".log": "text/plain",
    ".md": "text/markdown",
    ".ndjson": NDJSON,
    ".tar": TAR,
    ".toml": "application/toml",
    ".tsv": "text/tab-separated-values",
    ".txt": "text/plain",
    ".xml": "application/xml",
}
# Kinds that are zip files inside and better known by what they hold.
_ZIP_BASED = {
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".wacz": "application/wacz",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def media_type_of(name: str, head: bytes) -> str:
    """The media type; what the bytes say goes before what the name says.

    Args:
        name: File or member name.
        head: The first 512 bytes, or all of a shorter item.

    Example:
        >>> media_type_of("posts.csv", b"id,text"), media_type_of("posts.csv", b"PAR1")
        ('text/csv', 'application/vnd.apache.parquet')
    """
    suffix = PurePosixPath(name.replace("\\", "/")).suffix.lower()
    for at, magic, media_type in _BY_MAGIC:
        if head.startswith(magic, at):
            return _ZIP_BASED.get(suffix, media_type) if media_type == ZIP else media_type
    return _BY_SUFFIX.get(suffix, UNKNOWN)
