# Another tag in Terraform changes no running image, and no alias.
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

run "created_with_the_first_tag" {
  module { source = "./modules/image-processor" }

  assert {
    condition     = endswith(aws_lambda_function.worker[0].image_uri, ":v1.2.3") && endswith(aws_lambda_function.reconciler[0].image_uri, ":v1.2.3")
    error_message = "the functions are not created with the tag"
  }
}

run "another_tag_changes_nothing" {
  module { source = "./modules/image-processor" }
  variables { image_tag = "v1.2.4" }

  assert {
    condition     = endswith(aws_lambda_function.worker[0].image_uri, ":v1.2.3") && endswith(aws_lambda_function.reconciler[0].image_uri, ":v1.2.3")
    error_message = "an apply would change the running image past the release's tests"
  }
}
