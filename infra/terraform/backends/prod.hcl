bucket       = "bluemoxon-prod-terraform-state"
key          = "image-processor/terraform.tfstate"
region       = "us-west-2"
encrypt      = true
use_lockfile = true
