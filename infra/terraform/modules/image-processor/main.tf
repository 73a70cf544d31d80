data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  worker_name     = "${var.prefix}-image-processor"
  reconciler_name = "${var.prefix}-image-reconciler"
  queue_name      = "${var.prefix}-image-processing"

  # One number for SQS, which dead-letters by it, and for the worker, which must know its last receipt.
  max_receive_count = 5
  # AWS asks for six times the function's timeout; less, and a message shows up again while it is worked.
  visibility_seconds = 6 * var.worker_timeout_seconds

  # Tags that deliveries push and the repository's lifecycle counts; tests hold the two together.
  image_tag_prefix = "v"
  has_image        = var.image_tag != null
  alias_name       = "live"

  account_id = data.aws_caller_identity.current.account_id
  partition  = data.aws_partition.current.partition
  region     = data.aws_region.current.name

  images_bucket_arn = "arn:${local.partition}:s3:::${var.images_bucket_name}"

  # Exactly what lambdas.image_processor.config reads; a test compares the two.
  environment_variables = {
    DATABASE_SECRET_ARN         = var.database_secret_arn
    EMBEDDED_MODEL_FALLBACK     = tostring(var.embedded_model_fallback)
    ENVIRONMENT                 = var.environment
    IMAGES_BUCKET               = var.images_bucket_name
    IMAGES_CDN_DOMAIN           = var.images_cdn_domain
    IMAGE_PROCESSING_QUEUE_NAME = local.queue_name
    MAX_RECEIVE_COUNT           = tostring(local.max_receive_count)
    # Unused by this runtime; what shares the image's environment may still want to write there.
    NUMBA_CACHE_DIR = "/tmp"
    U2NET_HOME      = "/opt/u2net"
  }
}
