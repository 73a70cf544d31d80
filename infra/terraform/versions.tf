terraform {
  required_version = "~> 1.11"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "5.100.0"
    }
  }

  # Bucket, key and region come from backends/{staging,prod}.hcl.
  backend "s3" {}
}

provider "aws" {
  region = var.aws_region

  default_tags {
    tags = {
      Application = "image-processor"
      Environment = var.environment
      ManagedBy   = "terraform"
    }
  }

  # Written by the release, which owns what runs; Terraform owns how it runs.
  ignore_tags {
    keys = ["DeployedCommit", "DeployedAt"]
  }
}
