# The worker may do what is on this list, and nothing else.
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

run "allow_list" {
  module { source = "./modules/image-processor" }

  assert {
    condition = sort(distinct(flatten([for s in jsondecode(aws_iam_role_policy.worker.policy).Statement : s.Action]))) == tolist([
      "logs:CreateLogStream",
      "logs:PutLogEvents",
      "s3:GetObject",
      "s3:ListBucket",
      "s3:PutObject",
      "secretsmanager:GetSecretValue",
      "sqs:ChangeMessageVisibility",
      "sqs:DeleteMessage",
      "sqs:GetQueueAttributes",
      "sqs:GetQueueUrl",
      "sqs:ReceiveMessage",
      "xray:PutTelemetryRecords",
      "xray:PutTraceSegments",
    ])
    error_message = "the worker's actions are not the allow-list"
  }

  assert {
    condition     = alltrue([for s in jsondecode(aws_iam_role_policy.worker.policy).Statement : s.Effect == "Allow"])
    error_message = "a statement is not Allow: the list above would mean something else"
  }

  assert {
    condition = alltrue([
      for s in jsondecode(aws_iam_role_policy.worker.policy).Statement :
      !contains(s.Resource, "*") || alltrue([for a in s.Action : startswith(a, "xray:")])
    ])
    error_message = "a wildcard resource where AWS does not demand one"
  }

  assert {
    condition = alltrue([
      for s in jsondecode(aws_iam_role_policy.worker.policy).Statement :
      s.Resource == [aws_sqs_queue.images.arn] if startswith(s.Action[0], "sqs:")
    ])
    error_message = "rights on another queue than its own"
  }

  assert {
    condition = alltrue([
      for s in jsondecode(aws_iam_role_policy.worker.policy).Statement :
      s.Resource == [var.database_secret_arn] if startswith(s.Action[0], "secretsmanager:")
    ])
    error_message = "rights on another secret than its own"
  }

  assert {
    condition = alltrue([
      for s in jsondecode(aws_iam_role_policy.worker.policy).Statement :
      s.Resource == ["${aws_cloudwatch_log_group.worker.arn}:*"] if startswith(s.Action[0], "logs:")
    ])
    error_message = "rights on other logs than its own"
  }
}
