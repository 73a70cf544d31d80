prefix      = "bluemoxon-staging"
environment = "staging"

database_secret_arn = "arn:aws:secretsmanager:us-west-2:000000000000:secret:bluemoxon-staging-database-AbCdEf"
images_bucket_name  = "bluemoxon-staging-images"
images_cdn_domain   = "images.staging.bluemoxon.example"
api_role_name       = "bluemoxon-staging-api"

maximum_concurrency           = 2
log_retention_days            = 30
allow_image_repository_delete = true
