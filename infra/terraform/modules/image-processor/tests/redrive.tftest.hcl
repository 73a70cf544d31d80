# Five receipts, then the dead-letter queue, which takes from this queue only; the worker knows the number.
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

run "one_number" {
  module { source = "./modules/image-processor" }

  assert {
    condition = jsondecode(aws_sqs_queue.images.redrive_policy) == {
      deadLetterTargetArn = aws_sqs_queue.dead_letters.arn, maxReceiveCount = 5
    }
    error_message = "not five receipts, or another dead-letter queue"
  }

  assert {
    condition     = aws_lambda_function.worker[0].environment[0].variables.MAX_RECEIVE_COUNT == "5"
    error_message = "the worker is told another count than the queue has"
  }

  assert {
    condition     = output.max_receive_count == 5
    error_message = "the output is another count"
  }

  assert {
    condition = jsondecode(aws_sqs_queue_redrive_allow_policy.dead_letters.redrive_allow_policy) == {
      redrivePermission = "byQueue", sourceQueueArns = [aws_sqs_queue.images.arn]
    }
    error_message = "other queues may dead-letter here"
  }
}
