# The functions' variables, by name: tests/contract compares this very plan with config.py.
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

run "names_and_values" {
  module { source = "./modules/image-processor" }

  assert {
    condition = aws_lambda_function.worker[0].environment[0].variables == tomap({
      DATABASE_SECRET_ARN         = "arn:aws:secretsmanager:us-west-2:123456789012:secret:database-AbCdEf"
      EMBEDDED_MODEL_FALLBACK     = "false"
      ENVIRONMENT                 = "staging"
      IMAGES_BUCKET               = "bluemoxon-staging-images"
      IMAGES_CDN_DOMAIN           = "images.example"
      IMAGE_PROCESSING_QUEUE_NAME = aws_sqs_queue.images.name
      MAX_RECEIVE_COUNT           = "5"
      NUMBA_CACHE_DIR             = "/tmp"
      U2NET_HOME                  = "/opt/u2net"
    })
    error_message = "the environment is not what config.py reads"
  }

  assert {
    condition     = tomap(output.environment_variables) == aws_lambda_function.worker[0].environment[0].variables
    error_message = "the output is not what the function gets"
  }
}
