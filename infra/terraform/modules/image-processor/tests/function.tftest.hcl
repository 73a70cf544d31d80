# The worker: an x86_64 image with the memory, time and storage asked for.
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

run "defaults" {
  command = plan
  module { source = "./modules/image-processor" }

  assert {
    condition     = aws_lambda_function.worker[0].function_name == "bluemoxon-staging-image-processor"
    error_message = "the name is not {prefix}-image-processor"
  }

  assert {
    condition     = aws_lambda_function.worker[0].package_type == "Image" && aws_lambda_function.reconciler[0].package_type == "Image"
    error_message = "not images"
  }

  assert {
    condition     = aws_lambda_function.worker[0].architectures == tolist(["x86_64"]) && aws_lambda_function.reconciler[0].architectures == tolist(["x86_64"])
    error_message = "the image is built for x86_64"
  }

  assert {
    condition     = aws_lambda_function.worker[0].memory_size == 7168 && aws_lambda_function.worker[0].timeout == 300
    error_message = "not 7168 MiB and 300 s"
  }

  assert {
    condition     = aws_lambda_function.worker[0].tracing_config[0].mode == "Active"
    error_message = "X-Ray is not active"
  }

  assert {
    condition     = aws_lambda_function.worker[0].publish && aws_lambda_function.reconciler[0].publish
    error_message = "a change of settings is not a version"
  }

  assert {
    condition     = aws_cloudwatch_log_group.worker.retention_in_days == 30 && aws_cloudwatch_log_group.worker.name == "/aws/lambda/bluemoxon-staging-image-processor"
    error_message = "not the function's log group, for 30 days"
  }
}

run "by_variable" {
  command = plan
  module { source = "./modules/image-processor" }
  variables {
    worker_memory_mib            = 3008
    worker_timeout_seconds       = 120
    worker_ephemeral_storage_mib = 1024
  }

  assert {
    condition     = aws_lambda_function.worker[0].memory_size == 3008 && aws_lambda_function.worker[0].timeout == 120 && aws_lambda_function.worker[0].ephemeral_storage[0].size == 1024
    error_message = "a variable is not used"
  }
}

run "out_of_range" {
  command = plan
  module { source = "./modules/image-processor" }
  variables {
    worker_memory_mib            = 1024
    worker_timeout_seconds       = 901
    worker_ephemeral_storage_mib = 100
  }
  expect_failures = [var.worker_memory_mib, var.worker_timeout_seconds, var.worker_ephemeral_storage_mib]
}
