"""The process that draws thumbnails: everything that decodes a stranger's picture, under limits, away from our own.

Run as `python -m crm.records.picture_child PATH`: a WebP on standard output, or the end with 1.
"""

from __future__ import annotations

import io
import resource
import sys
import warnings

from PIL import Image, ImageOps

from crm.runtime.children import die_with_parent

BOX = (400, 400)  # pixels
FORMATS = ("PNG", "JPEG", "GIF", "WEBP")
LARGEST = 120_000_000  # pixels a picture may claim to have
MEMORY = 1 << 30  # bytes
SECONDS = 10


def main(path: str) -> int:
    """Draw one thumbnail; whatever is wrong with the picture ends the process."""
    die_with_parent()
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    Image.MAX_IMAGE_PIXELS = LARGEST
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    sys.stdout.buffer.write(draw(path))
    return 0


def draw(path: str) -> bytes:
    """Return the first frame of a picture, turned as it was taken, small, with nothing else in it."""
    with Image.open(path, formats=FORMATS) as picture:
        picture.draft("RGB", BOX)  # of a JPEG only as much is decoded as is needed
        turned = ImageOps.exif_transpose(picture)
        small = turned.convert("RGBA" if turned.has_transparency_data else "RGB")
        small.thumbnail(BOX)
        clean = Image.new(small.mode, small.size)  # neither EXIF nor comments come along
        clean.paste(small)
    target = io.BytesIO()
    clean.save(target, "WEBP", quality=80)
    return target.getvalue()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
