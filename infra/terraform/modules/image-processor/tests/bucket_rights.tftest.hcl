# Pictures are read and written under books/, never deleted; only that prefix is listed.
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

run "books_only" {
  module { source = "./modules/image-processor" }

  assert {
    condition = [
      for s in jsondecode(aws_iam_role_policy.worker.policy).Statement : [s.Action, s.Resource, try(s.Condition, null)]
      if contains(s.Action, "s3:GetObject")
    ] == [[["s3:GetObject", "s3:PutObject"], ["arn:aws:s3:::bluemoxon-staging-images/books/*"], null]]
    error_message = "objects outside books/ can be read or written"
  }

  assert {
    condition = [
      for s in jsondecode(aws_iam_role_policy.worker.policy).Statement : [s.Action, s.Resource, s.Condition]
      if contains(s.Action, "s3:ListBucket")
      ] == [[["s3:ListBucket"], ["arn:aws:s3:::bluemoxon-staging-images"], {
        StringLike = { "s3:prefix" = ["books/*"] }
    }]]
    error_message = "more than books/ can be listed"
  }

  assert {
    condition     = length([for s in jsondecode(aws_iam_role_policy.worker.policy).Statement : s if anytrue([for a in s.Action : startswith(a, "s3:")])]) == 2
    error_message = "a third statement about the bucket"
  }
}
