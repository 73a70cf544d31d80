# What is not a name, an environment or a secret's ARN is refused.
mock_provider "aws" {
  source = "./modules/image-processor/tests/mocks"

  override_resource {
    target = aws_sqs_queue.images
    values = { arn = "arn:aws:sqs:us-west-2:123456789012:main" }
  }

  override_resource {
    target = aws_sqs_queue.dead_letters
    values = { arn = "arn:aws:sqs:us-west-2:123456789012:dead" }
  }

  override_resource {
    target = aws_lambda_alias.worker
    values = { arn = "arn:aws:lambda:us-west-2:123456789012:function:worker:live" }
  }

  override_resource {
    target = aws_lambda_alias.reconciler
    values = { arn = "arn:aws:lambda:us-west-2:123456789012:function:reconciler:live" }
  }
}

variables {
  prefix              = "bluemoxon-staging"
  environment         = "staging"
  image_tag           = "v1.2.3"
  database_secret_arn = "arn:aws:secretsmanager:us-west-2:123456789012:secret:database-AbCdEf"
  images_bucket_name  = "bluemoxon-staging-images"
  images_cdn_domain   = "images.example"
  api_role_name       = "bluemoxon-staging-api"
}

run "refused" {
  command = plan
  module { source = "./modules/image-processor" }
  variables {
    prefix              = "Blue Moxon"
    environment         = "production"
    database_secret_arn = "hunter2"
    images_bucket_name  = "s3://bucket"
    images_cdn_domain   = "https://images.example/"
  }
  expect_failures = [
    var.prefix, var.environment, var.database_secret_arn, var.images_bucket_name, var.images_cdn_domain,
  ]
}
