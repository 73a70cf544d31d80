# The repository keeps the ten newest releases, by the prefix that every pushed tag has.
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

run "ten_newest_and_untagged_a_week" {
  command = plan
  module { source = "./modules/image-processor" }

  assert {
    condition = jsondecode(aws_ecr_lifecycle_policy.images.policy).rules[0].selection == {
      tagStatus = "tagged", tagPrefixList = ["v"], countType = "imageCountMoreThan", countNumber = 10
    }
    error_message = "not the ten newest images whose tag begins with v"
  }

  assert {
    condition = jsondecode(aws_ecr_lifecycle_policy.images.policy).rules[1].selection == {
      tagStatus = "untagged", countType = "sinceImagePushed", countUnit = "days", countNumber = 7
    }
    error_message = "untagged images are not dropped after seven days"
  }

  assert {
    condition = alltrue([
      for prefix in jsondecode(aws_ecr_lifecycle_policy.images.policy).rules[0].selection.tagPrefixList :
      startswith(var.image_tag, prefix)
    ])
    error_message = "the tag that deliveries push is not counted"
  }
}

run "a_tag_outside_the_scheme" {
  command = plan
  module { source = "./modules/image-processor" }
  variables { image_tag = "latest" }
  expect_failures = [var.image_tag]
}
