"""Constants of the image processor, imported by the worker, the reconciler and the admin pages."""

from typing import Final

#: Mean luma (0..255) of the subject below which the background is black, else white.
BRIGHTNESS_THRESHOLD: Final = 128
#: Longest side of a photo, in pixels, that is decoded; above it the job fails `too_large`.
MAX_IMAGE_DIMENSION: Final = 4096
#: Shortest side of a photo, in pixels, worth cutting; below it the job fails `too_small`.
MIN_OUTPUT_DIMENSION: Final = 100
#: Largest object, in bytes, that is downloaded; above it the job fails `too_many_bytes`.
MAX_OBJECT_BYTES: Final = 50 * 1024 * 1024

#: The seed's validation (policy `seed`): smallest share of the frame that the subject's box may cover.
MIN_AREA_RATIO: Final = 0.5
#: The seed's validation (policy `seed`): largest relative difference of the box's aspect from the frame's.
MAX_ASPECT_DIFF: Final = 0.2

#: The 1-based attempt at which another model than u2net is tried: no recipe runs twice.
U2NET_FALLBACK_ATTEMPT: Final = 2
#: The most recipes that one run tries: u2net-alpha, isnet-general-use, and the embedded model where allowed.
MAX_ATTEMPTS: Final = 3
#: Which picture of a book is cut out first; other types and NULL come after these.
IMAGE_TYPE_PRIORITY: Final = ("title_page", "binding", "cover", "spine")

#: Largest width and height of a thumbnail in pixels.
THUMBNAIL_MAX_SIZE: Final = (300, 300)
#: JPEG quality of a thumbnail.
THUMBNAIL_QUALITY: Final = 85

#: A job claimed this often without an ending kills its worker every time: it fails `crash_loop`.
MAX_CLAIMS: Final = 5
#: A `processing` row of the deployed version has no lease; untouched for this long it is abandoned.
STALE_PROCESSING_SECONDS: Final = 15 * 60
#: The reconciler gives up a job whose send failed this often.
MAX_QUEUE_RETRIES: Final = 3
