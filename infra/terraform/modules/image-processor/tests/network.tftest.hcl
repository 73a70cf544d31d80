# No VPC unless asked; inside one, the functions only call out.
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

run "none_by_default" {
  module { source = "./modules/image-processor" }

  assert {
    condition     = length(aws_security_group.functions) == 0 && length(aws_lambda_function.worker[0].vpc_config) == 0
    error_message = "a network that nobody asked for"
  }
}

run "in_a_vpc" {
  module { source = "./modules/image-processor" }
  variables {
    vpc = {
      vpc_id                     = "vpc-1"
      subnet_ids                 = ["subnet-1", "subnet-2"]
      database_security_group_id = "sg-1"
    }
  }

  assert {
    condition     = aws_lambda_function.worker[0].vpc_config[0].subnet_ids == toset(["subnet-1", "subnet-2"]) && aws_lambda_function.reconciler[0].vpc_config[0].subnet_ids == toset(["subnet-1", "subnet-2"])
    error_message = "a function stands outside"
  }

  assert {
    condition     = aws_vpc_security_group_egress_rule.database[0].referenced_security_group_id == "sg-1" && aws_vpc_security_group_egress_rule.database[0].from_port == 5432
    error_message = "the database cannot be reached"
  }

  assert {
    condition     = aws_vpc_security_group_egress_rule.https[0].from_port == 443 && aws_vpc_security_group_egress_rule.https[0].to_port == 443
    error_message = "more than HTTPS leaves the network"
  }

  assert {
    condition = alltrue([
      for s in jsondecode(aws_iam_role_policy.worker.policy).Statement :
      !contains(s.Resource, "*") || alltrue([for a in s.Action : startswith(a, "xray:") || startswith(a, "ec2:")])
    ])
    error_message = "a wildcard resource where AWS does not demand one"
  }
}

run "no_subnet" {
  command = plan
  module { source = "./modules/image-processor" }
  variables {
    vpc = { vpc_id = "vpc-1", subnet_ids = [], database_security_group_id = "sg-1" }
  }
  expect_failures = [var.vpc]
}
