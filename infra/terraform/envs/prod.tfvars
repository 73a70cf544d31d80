prefix      = "bluemoxon-prod"
environment = "prod"

database_secret_arn = "arn:aws:secretsmanager:us-west-2:000000000000:secret:bluemoxon-prod-database-AbCdEf"
images_bucket_name  = "bluemoxon-prod-images"
images_cdn_domain   = "images.bluemoxon.example"
api_role_name       = "bluemoxon-prod-api"

maximum_concurrency = 4
log_retention_days  = 30
