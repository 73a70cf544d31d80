# Production's settings: run with -var-file=envs/prod.tfvars.
mock_provider "aws" {
  source = "./modules/image-processor/tests/mocks"
}

run "prod" {
  command = plan

  assert {
    condition     = var.prefix == "bluemoxon-prod" && var.environment == "prod"
    error_message = "production's names are not production's"
  }

  assert {
    condition     = !anytrue([for value in [var.database_secret_arn, var.images_bucket_name, var.images_cdn_domain, var.api_role_name] : strcontains(value, "staging")])
    error_message = "production would touch what belongs to staging"
  }

  assert {
    condition     = !var.allow_image_repository_delete
    error_message = "destroy would delete production's images"
  }

  assert {
    condition     = !var.embedded_model_fallback
    error_message = "production publishes pictures of the embedded model"
  }

  assert {
    condition     = output.image_processor.queue_name == "bluemoxon-prod-image-processing" && output.image_processor.worker_function_name == "bluemoxon-prod-image-processor"
    error_message = "the names are not the contract's"
  }
}
