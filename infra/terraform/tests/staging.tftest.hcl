# Staging's settings: run with -var-file=envs/staging.tfvars.
mock_provider "aws" {
  source = "./modules/image-processor/tests/mocks"
}

run "staging" {
  command = plan

  assert {
    condition     = var.prefix == "bluemoxon-staging" && var.environment == "staging"
    error_message = "staging's names are not staging's"
  }

  assert {
    condition     = strcontains(var.database_secret_arn, "staging") && strcontains(var.images_bucket_name, "staging") && strcontains(var.images_cdn_domain, "staging") && strcontains(var.api_role_name, "staging")
    error_message = "staging would touch what belongs to production"
  }

  assert {
    condition     = output.image_processor.queue_name == "bluemoxon-staging-image-processing" && output.image_processor.worker_function_name == "bluemoxon-staging-image-processor"
    error_message = "the names are not the contract's"
  }
}
