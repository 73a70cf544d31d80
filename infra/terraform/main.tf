module "image_processor" {
  source = "./modules/image-processor"

  prefix              = var.prefix
  environment         = var.environment
  image_tag           = var.image_tag
  database_secret_arn = var.database_secret_arn
  images_bucket_name  = var.images_bucket_name
  images_cdn_domain   = var.images_cdn_domain
  api_role_name       = var.api_role_name
  vpc                 = var.vpc

  worker_memory_mib            = var.worker_memory_mib
  worker_timeout_seconds       = var.worker_timeout_seconds
  worker_ephemeral_storage_mib = var.worker_ephemeral_storage_mib
  maximum_concurrency          = var.maximum_concurrency
  reserved_concurrency         = var.reserved_concurrency
  embedded_model_fallback      = var.embedded_model_fallback

  alarm_email_addresses         = var.alarm_email_addresses
  oldest_message_alarm_seconds  = var.oldest_message_alarm_seconds
  log_retention_days            = var.log_retention_days
  allow_image_repository_delete = var.allow_image_repository_delete
}
