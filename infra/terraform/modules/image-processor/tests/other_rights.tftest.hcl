# The reconciler sends and never works; the API's role sends; the schedule invokes one alias.
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

run "allow_lists" {
  module { source = "./modules/image-processor" }

  assert {
    condition = sort(flatten([for s in jsondecode(aws_iam_role_policy.reconciler.policy).Statement : s.Action])) == tolist([
      "logs:CreateLogStream",
      "logs:PutLogEvents",
      "secretsmanager:GetSecretValue",
      "sqs:GetQueueAttributes",
      "sqs:GetQueueUrl",
      "sqs:SendMessage",
      "xray:PutTelemetryRecords",
      "xray:PutTraceSegments",
    ])
    error_message = "the reconciler's actions are not the allow-list"
  }

  assert {
    condition = alltrue([
      for s in jsondecode(aws_iam_role_policy.reconciler.policy).Statement :
      !contains(s.Resource, "*") || alltrue([for a in s.Action : startswith(a, "xray:")])
    ])
    error_message = "a wildcard resource where AWS does not demand one"
  }

  assert {
    condition = [for s in jsondecode(aws_iam_role_policy.api[0].policy).Statement : [sort(s.Action), s.Resource]] == [
      [tolist(["sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:SendMessage"]), [aws_sqs_queue.images.arn]]
    ]
    error_message = "the API may do something else than send to the queue"
  }

  assert {
    condition     = aws_iam_role_policy.api[0].role == "bluemoxon-staging-api"
    error_message = "another role than the API's"
  }

  assert {
    condition = [for s in jsondecode(aws_iam_role_policy.scheduler.policy).Statement : [s.Action, s.Resource]] == [
      [["lambda:InvokeFunction"], ["arn:aws:lambda:us-west-2:123456789012:function:bluemoxon-staging-image-reconciler:live"]]
    ]
    error_message = "the schedule may invoke something else than the reconciler's alias"
  }
}

run "no_role_no_rights" {
  module { source = "./modules/image-processor" }
  variables { api_role_name = null }

  assert {
    condition     = length(aws_iam_role_policy.api) == 0
    error_message = "rights for a role that was not named"
  }
}
